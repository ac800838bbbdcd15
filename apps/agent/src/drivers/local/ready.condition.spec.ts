import { backoffMs } from './backoff.js';
import { failedCondition, failureOfEnd, timeoutFailure } from './ready.condition.js';
import { localSettings } from './local.settings.js';

const AT_START = 'before it opened its port';

describe('failureOfEnd', () => {
  it.each([
    [{ code: 3, signal: null }, 'ExitCode', 'The instance exited with code 3 before it opened its port.'],
    [{ code: 0, signal: null }, 'ExitCode', 'The instance exited with code 0 before it opened its port.'],
    [
      { code: null, signal: 'SIGSEGV' as const },
      'ExitCode',
      'The instance was ended by SIGSEGV before it opened its port.',
    ],
    [
      { code: null, signal: null, spawnError: 'the program was not found' },
      'StartFailed',
      'The instance did not start: the program was not found.',
    ],
    [
      { code: null, signal: 'SIGKILL' as const, endedFor: 'OutOfMemory' },
      'OutOfMemory',
      'The instance was ended before it opened its port: it used more memory than its limit.',
    ],
  ])('%j is %s', (end, reason, message) => {
    expect(failureOfEnd({ ...end, lines: ['last'] }, AT_START)).toMatchObject({
      reason,
      message,
      lines: ['last'],
    });
  });
});

describe('failedCondition', () => {
  const crash = failureOfEnd({ code: 1, signal: null, lines: ['a', 'b'] }, AT_START);
  const late = timeoutFailure(8080, 60_000, [3000, 9229], []);
  it.each([
    [crash, 1, 'ExitCode', /port\. Its last lines:\na\nb$/],
    [crash, 3, 'CrashLoop', /port\. This happened 3 times in a row\. Its last lines:\na\nb$/],
    [
      late,
      3,
      'StartTimeout',
      /^Port 8080, given in PORT, was not opened within 60 s; the instance listens on 3000, 9229\.$/,
    ],
    [
      timeoutFailure(8080, 500, [], []),
      1,
      'StartTimeout',
      /within 0\.5 s; the instance listens on no port\.$/,
    ],
  ])('%# %s', (failure, times, reason, message) => {
    const condition = failedCondition(7, failure, times);
    expect(condition).toMatchObject({ type: 'Ready', status: 'false', reason, changedAt: 7 });
    expect(condition.message).toMatch(message);
    expect(condition.nextStep).toBeTruthy();
  });
});

describe('backoffMs', () => {
  it.each([
    [1, 1000],
    [2, 2000],
    [6, 32_000],
    [7, 60_000],
    [1000, 60_000],
  ])('after %d failures %d ms', (failures, ms) => {
    expect(backoffMs(failures, 1000, 60_000)).toBe(ms);
  });
});

describe('localSettings', () => {
  it('turns seconds into ms', () => {
    const config = {
      TOWPATH_INGRESS_PORT: 0,
      TOWPATH_SCALE_WINDOW_SECONDS: 6,
      TOWPATH_START_TIMEOUT_SECONDS: 9,
      TOWPATH_STOP_GRACE_SECONDS: 1,
    };
    expect(localSettings(config, '/d')).toMatchObject({
      scaleWindowMs: 6000,
      startTimeoutMs: 9000,
      stopGraceMs: 1000,
    });
  });
});
