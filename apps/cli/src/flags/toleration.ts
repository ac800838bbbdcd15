import type { Toleration } from '#libs/domain';
import { usageError } from '../exit.js';

const EFFECTS: readonly Toleration['effect'][] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** `key`, `key=value`, `key=value:NoSchedule`: as kubectl writes the taint that is tolerated. */
export function tolerationOf(text: string): Toleration {
  const [, key, value, said] = /^([^=:]+)(?:=([^:]*))?(?::(.+))?$/.exec(text) ?? [];
  const effect = EFFECTS.find((one) => one === said);
  if (key === undefined || (said !== undefined && effect === undefined))
    throw usageError(
      `--tolerations: "${text}" is not a taint.`,
      'Write it as key, key=value or key=value:NoSchedule.',
    );
  return {
    key,
    ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
    ...(effect === undefined ? {} : { effect }),
  };
}
