import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Tenant } from './tenant.js';

export interface TowAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

const BIN = path.join(import.meta.dirname, '../../apps/cli/bin/tow.mjs');

/** Runs the CLI as a person would, with the tenant's key in the environment. */
export function tow(tenant: Tenant, ...args: string[]): Promise<TowAnswer> {
  return run(args, {
    TOW_API_URL: tenant.platform.apiUrl,
    TOW_API_KEY: tenant.api.key,
    TOW_PROJECT: tenant.project,
  });
}

/** Runs the CLI with a config file of its own and no key; `input` is its stdin. */
export function towWith(
  config: string,
  args: readonly string[],
  more: { input?: string; onError?: (text: string) => void } = {},
): Promise<TowAnswer> {
  return run(args, { TOW_CONFIG: config }, more);
}

function run(
  args: readonly string[],
  env: Record<string, string>,
  more: { input?: string; onError?: (text: string) => void } = {},
): Promise<TowAnswer> {
  return new Promise((resolve, reject) => {
    const { TOW_API_KEY: _key, TOW_API_URL: _url, ...rest } = process.env;
    const child = spawn('node', [BIN, ...args, '--no-input'], { env: { ...rest, ...env, NO_COLOR: '1' } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => {
      stderr += part.toString();
      more.onError?.(stderr);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end(more.input ?? '');
  });
}
