import fc from 'fast-check';
import { defaultHandle, handleProblem, projectNameProblem } from './project.names.js';

it('a default handle is always a good handle', () => {
  const name = fc.stringMatching(/^[a-z](-?[a-z0-9]){0,30}$/);
  fc.assert(
    fc.property(name, fc.infiniteStream(fc.nat(255)), (project, stream) => {
      fc.pre(projectNameProblem(project) === undefined);
      const random = (length: number): Uint8Array => Uint8Array.from([...stream.take(length)]);
      expect(handleProblem(defaultHandle(project, random))).toBeUndefined();
    }),
  );
});

it.each([
  ['a'.repeat(16), true],
  ['a'.repeat(17), false],
  ['my--shop', false],
  ['Shop', false],
])('%j is a handle: %s', (handle, good) => {
  expect(handleProblem(handle) === undefined).toBe(good);
});
