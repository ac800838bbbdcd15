import type { Violation } from '../error.js';
import { violationOf } from '../name.js';
import { LIMITS } from './service.defaults.js';
import { LATEST, tagLengthProblem, tagProblem } from './service.names.js';
import type { TrafficTarget } from './service.types.js';

/** All reasons why a split is refused; whether named revisions exist is asked of the store (`missingRevisions`). */
export function validateTraffic(traffic: readonly TrafficTarget[], service: string): Violation[] {
  if (traffic.length === 0) return [{ field: 'traffic', message: 'must have at least one line' }];
  if (traffic.length > LIMITS.trafficLines) {
    return [{ field: 'traffic', message: `must have at most ${LIMITS.trafficLines} lines` }];
  }
  const violations = traffic.flatMap((line, index) => validateLine(line, `traffic[${index}]`, service));
  const sum = traffic.reduce((total, line) => total + line.percent, 0);
  if (sum !== 100)
    violations.push({ field: 'traffic', message: `percents must sum to 100, these sum to ${sum}` });
  return [...violations, ...repeats(traffic)];
}

/** The lines that name a revision this service does not have. */
export function missingRevisions(
  traffic: readonly TrafficTarget[],
  existing: ReadonlySet<string>,
): Violation[] {
  return traffic.flatMap((line, index) =>
    line.revision === LATEST || existing.has(line.revision)
      ? []
      : [{ field: `traffic[${index}].revision`, message: `this service has no revision "${line.revision}"` }],
  );
}

function validateLine(line: TrafficTarget, field: string, service: string): Violation[] {
  const { percent, tag } = line;
  const whole = Number.isSafeInteger(percent) && percent >= 0 && percent <= 100;
  return [
    ...violationOf(
      `${field}.percent`,
      whole ? undefined : `must be a whole number from 0 to 100, this is ${percent}`,
    ),
    ...violationOf(`${field}.revision`, line.revision === '' ? 'must not be empty' : undefined),
    ...violationOf(
      `${field}.percent`,
      percent === 0 && tag === undefined ? 'a line of 0 percent needs a tag, or it does nothing' : undefined,
    ),
    ...(tag === undefined
      ? []
      : violationOf(`${field}.tag`, tagProblem(tag) ?? tagLengthProblem(tag, service))),
  ];
}

/** A tag names one line; a revision has at most one line without a tag. */
function repeats(traffic: readonly TrafficTarget[]): Violation[] {
  const seen = new Set<string>();
  return traffic.flatMap((line, index) => {
    const key = line.tag === undefined ? `revision ${line.revision}` : `tag ${line.tag}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const field = line.tag === undefined ? `traffic[${index}].revision` : `traffic[${index}].tag`;
    return [{ field, message: 'is given twice' }];
  });
}
