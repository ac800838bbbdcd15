import { admissionSocketOf } from './admission.server.js';

describe('the socket that Envoy asks at', () => {
  it('is in the folder of the gateway', () => {
    expect(admissionSocketOf('/var/lib/towpath')).toBe('/var/lib/towpath/admission.sock');
  });

  it('has a name that every system takes, its own for each folder and the same at every start', () => {
    const deep = (name: string): string => admissionSocketOf(`/${'very-long/'.repeat(20)}${name}`);
    expect(deep('a').length).toBeLessThanOrEqual(103);
    expect(deep('a')).toBe(deep('a'));
    expect(deep('a')).not.toBe(deep('b'));
  });
});
