/** What `npm start` shows a newcomer: examples/hello deployed, called and billed through the public faces. */
import { spawn } from 'node:child_process';
import { Obstacle, poll } from './children.mjs';
import { nodeBinary } from './setup.mjs';
import { inRoot } from './stamp.mjs';

const CALLS = 3;
const SERVICE = 'hello';

/** @returns {Promise<{url: string, answer: string, usage: object | undefined, bill: object | undefined}>} */
export async function deployHello({ run, say }) {
  const tow = (...args) => runTow(run, args);
  const known = await tow('services', 'describe', SERVICE, '--json');
  if (known.code !== 0) {
    say('deploying examples/hello');
    const deploy = ['deploy', SERVICE, '--source', inRoot('examples/hello'), '--allow-unauthenticated'];
    const deployed = await tow(...deploy, '--set-env-vars', 'GREETING=Hello');
    if (deployed.code !== 0) throw new Obstacle(`The first deploy failed:\n${deployed.stderr.trim()}`);
  }
  const before = requestsOf(await usageOf(tow));
  let answer = '';
  for (let call = 0; call < CALLS; call += 1) answer = await callOnce(tow);
  say(`called it ${CALLS} times; waiting until the calls are on the bill`);
  // the records travel: access log, spool, JetStream, billing
  await poll(async () => requestsOf(await usageOf(tow)) >= before + CALLS, 20_000, 500);
  const { url } = JSON.parse((await tow('services', 'describe', SERVICE, '--json')).stdout);
  return { url, answer, usage: await usageOf(tow), bill: jsonOf(await tow('bill', '--json')) };
}

async function callOnce(tow) {
  const called = await tow('curl', SERVICE, '--fail');
  if (called.code !== 0) throw new Obstacle(`hello is deployed, but a call failed:\n${called.stderr.trim()}`);
  return called.stdout.trim();
}

const jsonOf = ({ code, stdout }) => (code === 0 ? JSON.parse(stdout) : undefined);

async function usageOf(tow) {
  return jsonOf(await tow('usage', '--service', SERVICE, '--json'));
}

/** Requests over all rows (64-bit numbers travel as strings). */
const requestsOf = (usage) =>
  (usage?.items ?? usage ?? []).reduce((sum, row) => sum + Number(row.requests), 0);

/** Runs the CLI as a person would, with the operator's key in the environment. */
export function runTow(run, args) {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TOW_API_URL: run.urls.api,
    TOW_API_KEY: run.operatorKey,
    TOW_PROJECT: run.project,
    NO_COLOR: '1',
  };
  return spawnTow(args, env);
}

/** Makes this installation the CLI's context, for `npx tow …` in another terminal. */
export function logIn(run) {
  const config = Object.fromEntries(
    ['TOW_CONFIG', 'XDG_CONFIG_HOME', 'HOME', 'PATH'].map((name) => [name, process.env[name]]),
  );
  const env = { ...config, TOW_API_KEY: run.operatorKey };
  return spawnTow(['login', run.urls.api, '--name', 'local', '--project', run.project], env);
}

function spawnTow(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodeBinary(), [inRoot('apps/cli/bin/tow.mjs'), ...args, '--no-input'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
