import { z } from 'zod';

/** What every process reads; spread it into its own schema. */
export const baseConfig = {
  /** Address that its HTTP server listens on; in a container, where others ask from outside, `0.0.0.0`. */
  TOWPATH_HOST: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
  /** Port of its HTTP server; 0 takes a free one. */
  TOWPATH_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  TOWPATH_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
};

/** Who takes or sends webhooks reads, too: where messages may go to. `any` lets them reach this machine and its network. */
export const webhookConfig = {
  TOWPATH_WEBHOOK_REACH: z.enum(['public', 'any']).default('public'),
};

/** The least a process's checked configuration holds. */
export interface BaseConfig {
  TOWPATH_HOST: string;
  TOWPATH_PORT: number;
  TOWPATH_LOG_LEVEL: string;
  NODE_ENV: string;
}

/** All that is wrong with the environment, by name and reason; never a value. */
export class ConfigError extends Error {
  constructor(readonly problems: { name: string; reason: string }[]) {
    super(`configuration is not valid: ${problems.map((p) => `${p.name} ${p.reason}`).join('; ')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Names -> checked object. Reads only the names of the schema.
 * @throws ConfigError with every problem at once
 */
export function loadConfig<T>(schema: z.ZodType<T>, env: NodeJS.ProcessEnv = process.env): T {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.map((issue) => ({ name: issue.path.join('.'), reason: reasonOf(issue) })),
  );
}

function reasonOf(issue: z.core.$ZodIssue): string {
  // zod's own texts may quote the value; a configuration value can be a secret.
  if (issue.code === 'invalid_type') return `must be a ${issue.expected}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'custom') return issue.message;
  return 'is not valid';
}
