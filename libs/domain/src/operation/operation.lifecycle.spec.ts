import { advanceOperation, failOperation, type StepFact } from './operation.lifecycle.js';
import { STEP_DEADLINES_MS, makesRevision, plannedSteps } from './operation.plan.js';
import type { Operation } from './operation.types.js';

const operation: Operation = {
  id: 'op_1',
  organizationId: 'org_1',
  projectId: 'prj_1',
  serviceId: 'svc_1',
  kind: 'traffic',
  generation: 2,
  status: 'pending',
  steps: plannedSteps('traffic', false),
  createdAt: 0,
  version: 1,
};
const fact = (
  name: StepFact['name'],
  status: StepFact['status'],
  more: Partial<StepFact> = {},
): StepFact => ({
  name,
  status,
  message: `${name} ${status}`,
  ...more,
});
const steps = (advanced: Operation): string[] =>
  advanced.steps.map(({ name, status }) => `${name} ${status}`);

describe('advanceOperation', () => {
  it('holds back what comes after an unfinished step', () => {
    const advanced = advanceOperation(
      operation,
      [fact('traffic', 'running'), fact('gateways', 'succeeded')],
      10,
    );
    expect(advanced).toMatchObject({ status: 'running', version: 2 });
    expect(steps(advanced)).toEqual(['traffic running', 'gateways pending']);
    expect(advanced.steps[0]).toMatchObject({ startedAt: 10 });
  });

  it('succeeds with all of its steps, and keeps the times of each', () => {
    const running = advanceOperation(
      operation,
      [fact('traffic', 'succeeded'), fact('gateways', 'running')],
      10,
    );
    const ended = advanceOperation(
      running,
      [fact('traffic', 'succeeded'), fact('gateways', 'succeeded')],
      30,
    );
    expect(ended).toMatchObject({ status: 'succeeded', finishedAt: 30, version: 3 });
    expect(ended.steps.map(({ startedAt, finishedAt }) => [startedAt, finishedAt])).toEqual([
      [10, 10],
      [10, 30],
    ]);
  });

  it('fails with the error of the step that failed', () => {
    const error = { code: 'FAILED_PRECONDITION', message: 'no' } as const;
    const failed = advanceOperation(
      operation,
      [fact('traffic', 'failed', { error }), fact('gateways', 'running')],
      10,
    );
    expect(failed).toMatchObject({ status: 'failed', error, finishedAt: 10 });
    expect(steps(failed)).toEqual(['traffic failed', 'gateways pending']);
  });

  it('fails a step that runs past its deadline, and says what it waited for', () => {
    const facts = [
      fact('traffic', 'succeeded'),
      fact('gateways', 'running', { message: 'Not yet served by gw_1.' }),
    ];
    const running = advanceOperation(operation, facts, 10);
    expect(advanceOperation(running, facts, 10 + STEP_DEADLINES_MS.gateways)).toBe(running);
    const late = advanceOperation(running, facts, 11 + STEP_DEADLINES_MS.gateways);
    expect(late.error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(late.error?.message).toContain('gw_1');
  });

  it('is the same object when nothing is new', () => {
    const facts = [fact('traffic', 'running'), fact('gateways', 'running')];
    const running = advanceOperation(operation, facts, 10);
    expect(advanceOperation(running, facts, 5_000)).toBe(running);
  });
});

describe('failOperation', () => {
  it('marks the step it was in', () => {
    const running = advanceOperation(
      operation,
      [fact('traffic', 'succeeded'), fact('gateways', 'running')],
      10,
    );
    const failed = failOperation(running, { code: 'FAILED_PRECONDITION', message: 'gone' }, 20);
    expect(failed).toMatchObject({ status: 'failed', finishedAt: 20, error: { message: 'gone' } });
    expect(steps(failed)).toEqual(['traffic succeeded', 'gateways failed']);
  });
});

describe('plannedSteps', () => {
  it.each([
    ['deploy', true, 'build revision placement ready traffic gateways'],
    ['update', true, 'build revision placement ready traffic gateways'],
    ['update', false, 'traffic gateways'],
    ['traffic', false, 'traffic gateways'],
    ['rollback', false, 'traffic gateways'],
    ['delete', false, 'gateways removal'],
  ] as const)('%s, new template %s: %s', (kind, newTemplate, expected) => {
    const planned = plannedSteps(kind, newTemplate);
    expect(planned.map(({ name }) => name).join(' ')).toBe(expected);
    expect(makesRevision({ steps: planned })).toBe(newTemplate);
  });
});
