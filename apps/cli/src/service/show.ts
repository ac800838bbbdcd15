import type { ConditionView, EnvView, ServiceView, TrafficView } from '../client/wire.types.js';
import type { Columns } from '../output/table.js';

/** Columns of a resolved split. */
export const TRAFFIC_COLUMNS: Columns<TrafficView> = {
  REVISION: (line) => line.revision,
  PERCENT: (line) => line.percent,
  TAG: (line) => line.tag,
  URL: (line) => line.url,
};

export const CONDITION_COLUMNS: Columns<ConditionView> = {
  CONDITION: (condition) => condition.type,
  STATUS: (condition) => condition.status,
  REASON: (condition) => condition.reason,
  MESSAGE: (condition) => [condition.message, condition.nextStep].filter(Boolean).join(' '),
};

/** `true`, `false` or `unknown`: the condition Ready. */
export function readyText(
  of: Pick<ServiceView, 'status'> | { status: { conditions: ConditionView[] } },
): string {
  return (
    of.status.conditions.find((condition) => condition.type.toLowerCase() === 'ready')?.status ?? 'unknown'
  );
}

/** An environment in one line per entry: `NAME=value`, `NAME=<secret:version>`. */
export function envLines(env: readonly EnvView[]): string[] {
  return env.map((entry) => {
    if ('value' in entry) return `${entry.name}=${entry.value}`;
    return `${entry.name}=<${entry.secret.name ?? entry.secret.id ?? 'secret'}:${entry.secret.version}>`;
  });
}

/** Why each cluster holds the service, or does not; nothing before it was placed. */
export function placementLines({ status: { placements = [] } }: ServiceView): string[] {
  return placements.length === 0 ? [] : ['', ...placements];
}
