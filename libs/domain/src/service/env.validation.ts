import type { Violation } from '../error.js';
import { violationOf } from '../name.js';
import { LIMITS } from './service.defaults.js';
import type { EnvEntry } from './service.types.js';

/** Why a text cannot name an environment entry; undefined when it can. */
export function envNameProblem(name: string): string | undefined {
  if (name.length > LIMITS.envNameCharacters) {
    return `must have at most ${LIMITS.envNameCharacters} characters, this has ${name.length}`;
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return 'must be letters, digits and underscores and not start with a digit';
  }
  if (name === 'PORT' || name.startsWith('K_'))
    return 'is reserved: Towpath sets PORT and names that start with K_';
  return undefined;
}

/** All reasons why a list of environment entries is refused. @param at the list's field path */
export function validateEnv(at: string, env: readonly EnvEntry[]): Violation[] {
  const violations: Violation[] = [];
  if (env.length > LIMITS.envEntries) {
    violations.push({ field: at, message: `must have at most ${LIMITS.envEntries} entries` });
  }
  const seen = new Set<string>();
  let characters = 0;
  env.forEach((entry, index) => {
    const field = `${at}[${index}]`;
    violations.push(...violationOf(`${field}.name`, envNameProblem(entry.name)));
    violations.push(...violationOf(`${field}.name`, seen.has(entry.name) ? 'is given twice' : undefined));
    seen.add(entry.name);
    const value = 'value' in entry ? entry.value : '';
    characters += entry.name.length + value.length;
    violations.push(...violationOf(`${field}.value`, envValueProblem(value)));
  });
  if (characters > LIMITS.envCharacters) {
    violations.push({
      field: at,
      message: `must hold at most ${LIMITS.envCharacters} characters`,
    });
  }
  return violations;
}

function envValueProblem(value: string): string | undefined {
  if (value.length > LIMITS.envValueCharacters)
    return `must have at most ${LIMITS.envValueCharacters} characters`;
  return value.includes('\0') ? 'must not contain the character NUL' : undefined;
}
