import type { TrafficTarget } from '#libs/domain';
import { path } from '../client/path.js';
import type { OperationView, TrafficView } from '../client/wire.types.js';
import { followOperation, howToFollow } from '../follow.js';
import type { Tow } from '../tow.js';
import { TRAFFIC_COLUMNS } from './show.js';

/** What GET …/traffic answers: the split in force, and what was asked for. */
export interface TrafficAnswer {
  traffic: TrafficView[];
  intent: TrafficTarget[];
}

/** Follows a change of traffic and prints the split in force. */
export async function finishTraffic(
  tow: Tow,
  operation: OperationView,
  async: boolean | undefined,
): Promise<undefined> {
  if (async === true) {
    tow.out.line(operation, operation.id);
    tow.out.talk(`Follow it with: ${howToFollow(operation.id)}`);
    return undefined;
  }
  const { project, service } = await followOperation(tow, operation);
  const address = path`/v1/projects/${project.handle}/services/${service.name}/traffic`;
  const answer = await (await tow.client()).get<TrafficAnswer>(address);
  if (tow.out.json) tow.out.value(answer);
  else tow.out.list(answer.traffic, TRAFFIC_COLUMNS, 'No revision has traffic.');
  return undefined;
}

/** A split in one line: `90 % a, 10 % b, canary: b`. */
export function trafficText(traffic: readonly TrafficTarget[]): string {
  const lines = traffic.map((line) => {
    const share = line.percent > 0 ? `${line.percent} % ${line.revision}` : line.revision;
    return line.tag === undefined ? share : `${line.tag}: ${share}`;
  });
  return lines.join(', ');
}
