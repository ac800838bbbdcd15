import type { Condition } from '#libs/domain';
import type { ProcessEnd } from './instance.process.js';

/** Why a start, or a running instance, failed. */
export interface StartFailure {
  reason: 'ExitCode' | 'StartTimeout' | 'StartFailed' | 'OutOfMemory';
  /** One sentence. */
  message: string;
  nextStep: string;
  /** Last lines of the instance's output, at most 20. */
  lines: readonly string[];
}

/** Of a line that is quoted in a condition, so many characters. */
const QUOTED = 300;

/** From how many failures in a row on it is called a crash loop. */
export const CRASH_LOOP = 3;

export function startingCondition(now: number): Condition {
  return condition(now, 'unknown', 'Starting', 'The first instance is being started.');
}

export function readyCondition(now: number): Condition {
  return condition(now, 'true', 'Ready', 'An instance was started and opened its port.');
}

/** @param failures failures in a row, this one included */
export function failedCondition(now: number, failure: StartFailure, failures: number): Condition {
  const looping = failures >= CRASH_LOOP && failure.reason !== 'StartTimeout';
  const reason = looping ? 'CrashLoop' : failure.reason;
  const times = looping ? ` This happened ${failures} times in a row.` : '';
  const lines = failure.lines.map((line) => line.slice(0, QUOTED));
  const output = lines.length === 0 ? '' : ` Its last lines:\n${lines.join('\n')}`;
  return {
    ...condition(now, 'false', reason, `${failure.message}${times}${output}`),
    nextStep: failure.nextStep,
  };
}

/** What an end of the process says about the instance. */
export function failureOfEnd(
  end: ProcessEnd,
  when: 'before it opened its port' | 'while it served',
): StartFailure {
  const { lines } = end;
  if (end.spawnError !== undefined) {
    const nextStep = 'Set a command, a Procfile or a start script that exists in the image.';
    return {
      reason: 'StartFailed',
      message: `The instance did not start: ${end.spawnError}.`,
      nextStep,
      lines,
    };
  }
  if (end.endedFor === 'OutOfMemory') {
    const message = `The instance was ended ${when}: it used more memory than its limit.`;
    return {
      reason: 'OutOfMemory',
      message,
      nextStep: 'Deploy it with more memory, or make it use less.',
      lines,
    };
  }
  const how =
    end.signal === null ? `exited with code ${end.code ?? 'unknown'}` : `was ended by ${end.signal}`;
  const message = `The instance ${how} ${when}.`;
  return {
    reason: 'ExitCode',
    message,
    nextStep: 'Read its last lines, mend the cause and deploy again.',
    lines,
  };
}

/** @param ports where the instance listens instead */
export function timeoutFailure(
  port: number,
  ms: number,
  ports: readonly number[],
  lines: readonly string[],
): StartFailure {
  const where = ports.length === 0 ? 'on no port' : `on ${ports.join(', ')}`;
  return {
    reason: 'StartTimeout',
    message: `Port ${port}, given in PORT, was not opened within ${ms / 1000} s; the instance listens ${where}.`,
    nextStep: 'Make the program listen on the port in the environment variable PORT, on all addresses.',
    lines,
  };
}

function condition(
  changedAt: number,
  status: Condition['status'],
  reason: string,
  message: string,
): Condition {
  return { type: 'Ready', status, reason, message, changedAt };
}
