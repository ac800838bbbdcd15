import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { once } from 'node:events';
import { defineCommand } from '../command.js';
import { connectionProblem } from '../client/problem.js';
import type { Client } from '../client/client.js';
import type { TrustView } from '../client/trust.types.js';
import type { ServiceView, WhoamiView } from '../client/wire.types.js';
import { CliError, interrupted, usageError } from '../exit.js';
import { durationSeconds } from '../flags/quantity.js';
import {
  callService,
  callerToken,
  gatewayAddress,
  headersOf,
  headText,
  type ServiceCall,
} from '../service/call.js';
import { getService } from '../service/change.js';
import type { Tow } from '../tow.js';

interface CurlFlags {
  request?: string;
  header?: string[];
  data?: string[];
  include?: boolean;
  fail?: boolean;
  tag?: string;
  maxTime?: number;
}

const FORM = 'application/x-www-form-urlencoded';
const MAX_SECONDS = 3600;

/** `tow curl NAME [PATH]`: calls a service at the gateway's address, also where its name does not resolve; a private one with a token. */
export const curl = defineCommand<[string, string], CurlFlags>({
  calls: [
    'GET /v1/projects/{project}/services/{service}',
    'POST /v1/projects/{project}/services/{service}/token',
    'GET /v1/whoami',
    'GET /v1/trust',
  ],
  declare(command) {
    const append = (value: string, before: string[] = []): string[] => [...before, value];
    command
      .argument('<name>', 'the service')
      .argument('[path]', 'path and query', '/')
      .option('-X, --request <method>', 'the method (default GET, POST with -d)')
      .option('-H, --header <line>', 'a header, `Name: value`; may be repeated', append)
      .option('-d, --data <data>', 'the body; @file and @- read it; may be repeated', append)
      .option('-i, --include', 'print status and headers too')
      .option('-f, --fail', 'exit 1 when the status is 400 or more')
      .option('--tag <tag>', 'the URL of this tag')
      .option('--max-time <time>', 'give up after so long', durationSeconds('--max-time'));
  },
  async run(tow, [name, path], flags) {
    const call = await callOf(tow, name, path, flags);
    const answer = await exchange(tow, call, flags.maxTime ?? MAX_SECONDS);
    const status = answer.statusCode ?? 0;
    try {
      if (tow.out.json) await printJson(tow, answer);
      else await printPlain(tow, answer, flags.include === true);
    } catch (error) {
      throw brokenCall(tow, call, error);
    }
    return flags.fail === true && status >= 400 ? 1 : undefined;
  },
});

async function callOf(tow: Tow, name: string, path: string, flags: CurlFlags): Promise<ServiceCall> {
  const service = await getService(tow, name);
  const base = urlOf(service, flags.tag);
  const url = new URL(path.startsWith('/') ? path : `/${path}`, base);
  const client = await tow.client();
  const { installation } = await client.get<WhoamiView>('/v1/whoami');
  const headers = headersOf(flags.header ?? []);
  if (typeof headers === 'string') throw usageError(`-H: "${headers}" is not \`Name: value\`.`);
  const body = flags.data === undefined ? undefined : await bodyOf(tow, flags.data);
  const usual = {
    ...(await credentialOf(tow, service, headers)),
    accept: '*/*',
    'user-agent': `tow/${tow.io.version}`,
    ...(body === undefined ? {} : { 'content-type': FORM }),
  };
  return {
    url,
    method: flags.request ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...usual,
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      ...headers,
    },
    body,
    connect: gatewayAddress(url, client.endpoint.url, installation),
    ...(url.protocol === 'https:' ? { ca: [...rootCertificates, await ownRoot(client)] } : {}),
  };
}

/** A private service is called with a token, unless the caller brings a credential of its own. */
async function credentialOf(
  tow: Tow,
  service: ServiceView,
  headers: object,
): Promise<Record<string, string>> {
  if (service.access === 'public' || 'authorization' in headers) return {};
  return { authorization: `Bearer ${(await callerToken(tow, service.name)).token}` };
}

/** The installation's own root counts beside the usual ones: its operator may have a certificate of a public authority. */
async function ownRoot(client: Client): Promise<string> {
  return (await client.get<TrustView>('/v1/trust')).certificate;
}

function urlOf(service: ServiceView, tag: string | undefined): string {
  const url = tag === undefined ? service.url : service.status.traffic.find((line) => line.tag === tag)?.url;
  if (url !== undefined) return url;
  if (tag === undefined) {
    throw new CliError('FAILED_PRECONDITION', `Service ${service.name} has no URL yet.`, {
      nextStep: `See why: tow services describe ${service.name}`,
    });
  }
  throw new CliError('NOT_FOUND', `Service ${service.name} has no tag "${tag}".`, {
    nextStep: `Give it one: tow services update-traffic ${service.name} --update-tags ${tag}=REVISION`,
  });
}

/** As curl does: parts are joined by `&`. */
async function bodyOf(tow: Tow, data: readonly string[]): Promise<Buffer> {
  const parts = await Promise.all(data.map((part) => partOf(tow, part)));
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from('&'), part])));
}

async function partOf(tow: Tow, part: string): Promise<Buffer> {
  if (!part.startsWith('@')) return Buffer.from(part);
  if (part !== '@-') {
    return readFile(resolve(tow.io.cwd, part.slice(1))).catch(() => {
      throw usageError(`-d: ${part.slice(1)} cannot be read.`);
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of tow.io.stdin as AsyncIterable<Buffer | string>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function exchange(tow: Tow, call: ServiceCall, seconds: number): Promise<IncomingMessage> {
  try {
    return await tow.progress.waiting(`waiting for ${call.url.host}`, () =>
      callService(call, tow.io.signal, seconds * 1000),
    );
  } catch (error) {
    throw brokenCall(tow, call, error);
  }
}

function brokenCall(tow: Tow, call: ServiceCall, error: unknown): CliError {
  if (tow.io.signal.aborted) return interrupted('');
  const { connect, url } = call;
  const address = connect === undefined ? url.host : `${connect.host}:${connect.port} (for ${url.host})`;
  return connectionProblem(error, { url: address });
}

async function printPlain(tow: Tow, answer: IncomingMessage, head: boolean): Promise<void> {
  const { stdout } = tow.io;
  if (head) stdout.write(headText(answer));
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (!stdout.write(chunk)) await once(stdout, 'drain');
  }
}

async function printJson(tow: Tow, answer: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  tow.out.value({
    status: answer.statusCode,
    headers: answer.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  });
}
