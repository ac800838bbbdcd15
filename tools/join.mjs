/**
 * `tow clusters join`: runs the agent of one cluster in the foreground until Ctrl-C; at the first start it joins by its token.
 * `node tools/join.mjs --name N --hub URL --data DIR --blobs DIR [--kubeconfig FILE]`, the token in TOW_JOIN_TOKEN.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Obstacle, hasEnded, stopChild } from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { ROOT } from './stamp.mjs';
import { launchLogged } from './supervisor.mjs';

/** pino's number. */
const FATAL = 60;
const text = { type: 'string' };
const { values } = parseArgs({
  options: { name: text, hub: text, data: text, blobs: text, kubeconfig: text },
});
/** A relative path is meant from where the person stands. */
const at = (name) => path.resolve(process.env.INIT_CWD ?? process.cwd(), name);
const data = at(values.data);
const logFile = path.join(data, 'agent.log');
const tokenFile = () => path.join(data, 'join.token');
const isMember = existsSync(path.join(data, 'membership.json'));

try {
  await run();
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function run() {
  const token = process.env.TOW_JOIN_TOKEN ?? '';
  if (token === '' && !isMember)
    throw new Obstacle(`${data} belongs to no cluster yet: give a join token with --token.`);
  keepToken(token);
  let agent;
  const stop = () => void (agent && stopChild(agent, 'SIGTERM', 60_000));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  const { name } = values;
  await launchLogged({
    name: `the agent of ${name}`,
    onSpawn: (child) => (agent = child),
    command: nodeBinary(),
    args: ['--enable-source-maps', path.join(ROOT, 'dist/apps/agent/src/main.js'), `--data=${data}`],
    options: { cwd: ROOT, env: environment() },
    logFile,
    isReady: (output) => /^\{.*"event":"ready"/m.test(output),
  }).catch((error) => {
    throw new Obstacle(causeIn(readFileSync(logFile, 'utf8')) ?? error.message);
  });
  console.error(
    `Cluster ${name} has joined and works. Ctrl-C ends its agent; the same command starts it again.`,
  );
  if (!hasEnded(agent)) await new Promise((resolve) => agent.once('exit', resolve));
  if (agent.exitCode !== 0) throw new Obstacle(`The agent of ${name} ended; its log is ${logFile}.`);
}

/** It leaves the command line for a file that only its owner reads; once used it is of no use to anybody. */
function keepToken(token) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (token !== '') writeFileSync(tokenFile(), token, { mode: 0o600 });
}

/** What else an agent reads, such as its registry, comes from the person's own environment. */
function environment() {
  const own = { ...process.env };
  delete own.TOW_JOIN_TOKEN;
  const { name, hub, blobs, kubeconfig } = values;
  return {
    TOWPATH_PORT: '0',
    ...own,
    TOWPATH_CLUSTER: name,
    TOWPATH_DATA_DIR: data,
    TOWPATH_BLOBS_DIR: at(blobs),
    TOWPATH_JOIN_URL: hub,
    TOWPATH_JOIN_TOKEN_FILE: tokenFile(),
    ...(kubeconfig === undefined ? {} : { TOWPATH_RUNTIME: 'knative', TOWPATH_KUBECONFIG: at(kubeconfig) }),
  };
}

/** The last error that the agent logged, in its own words. */
function causeIn(log) {
  const last = log
    .trimEnd()
    .split('\n')
    .map(parsed)
    .findLast(({ level }) => level >= FATAL);
  return last && (last.err?.message ?? last.msg);
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
