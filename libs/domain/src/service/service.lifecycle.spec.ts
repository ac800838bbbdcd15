import { readyCondition, serviceCondition, type ServiceReason } from './service.lifecycle.js';

const conditions = (...reasons: ServiceReason[]): ReturnType<typeof serviceCondition>[] =>
  reasons.map((reason) => serviceCondition(reason, 1));

describe('Ready', () => {
  it.each<[ServiceReason[], string, string]>([
    [['Built', 'RevisionServes', 'Chosen', 'RoutesServed'], 'true', 'Serving'],
    [['Built', 'RevisionServes', 'Chosen'], 'unknown', 'NotYet'],
    [['Built', 'RevisionStarting', 'Chosen', 'RoutesServed'], 'unknown', 'NotYet'],
    [['BuildFailed', 'RevisionPending', 'Chosen', 'RoutesServed'], 'false', 'Failed'],
    [[], 'unknown', 'NotYet'],
  ])('of %j is %s', (reasons, status, reason) => {
    expect(readyCondition(conditions(...reasons), 5)).toMatchObject({
      type: 'Ready',
      status,
      reason,
      changedAt: 5,
    });
  });

  it('says what stands in the way', () => {
    const failed = serviceCondition('BuildFailed', 1, { message: 'npm ci failed.', nextStep: 'Fix it.' });
    expect(readyCondition([failed], 5)).toMatchObject({ message: 'npm ci failed.', nextStep: 'Fix it.' });
  });
});
