/**
 * `npm start`: a whole platform on this machine, until Ctrl-C.
 * `npm start -- --port P --data DIR --empty --domain D --https --replicas N --clusters N --longest-pause MS`: P is the API, P + 1 the gateway's HTTP,
 * P + 2 its HTTPS; no example with --empty; every process of the hub and the gateway N times (1), the later ones on free
 * ports; N local clusters (1), each with an agent and a region of its own. What dies again and again is started again after MS (5000) at most.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Obstacle } from './children.mjs';
import { deployHello, logIn } from './first-deploy.mjs';
import { laterReplicas, nth } from './installation.mjs';
import { Platform } from './platform.mjs';
import { inRoot } from './stamp.mjs';

const DEFAULT_DATA = inRoot('.data');
const started = Date.now();
const say = (text) =>
  console.log(`[towpath ${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s] ${text}`);

try {
  await main();
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error(error.message);
  process.exit(1);
}

async function main() {
  const options = readOptions();
  const platform = new Platform({ ...options, say });
  await platform.check();
  stopOnSignals(platform);
  try {
    await platform.start();
    if (!options.empty) await showHello(platform, options);
  } catch (error) {
    if (platform.supervisor.stopping) return;
    await platform.stop();
    throw error;
  }
  const { urls } = platform.run;
  for (const replica of laterReplicas(options.replicas))
    say(`replica ${replica}: API ${urls[nth('api', replica)]}, gateway ${urls[nth('gateway', replica)]}`);
  say(`Towpath is up: API ${urls.api}, gateway ${urls.gateway} (Ctrl-C stops it)`);
}

function readOptions() {
  const { port, data, empty, domain, https, replicas, clusters, 'longest-pause': longestPause } = parse();
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_533) {
    throw new Obstacle(
      `--port wants a number from 1 to 65533 (the next two are the gateway's), not "${port}".`,
    );
  }
  if (!/^[1-9]$/.test(replicas))
    throw new Obstacle(`--replicas wants a number from 1 to 9, not "${replicas}".`);
  if (!/^[1-9]$/.test(clusters))
    throw new Obstacle(`--clusters wants a number from 1 to 9, not "${clusters}".`);
  if (!/^[1-9]\d{2,4}$/.test(longestPause))
    throw new Obstacle(`--longest-pause wants milliseconds, 100 to 99999, not "${longestPause}".`);
  // npm runs scripts in the checkout; a relative path is meant from where the person stands
  const dataDir =
    data === undefined ? DEFAULT_DATA : path.resolve(process.env.INIT_CWD ?? process.cwd(), data);
  return {
    port: number,
    dataDir,
    empty,
    domain,
    https,
    replicas: Number(replicas),
    clusters: Number(clusters),
    longestPauseMs: Number(longestPause),
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '8080' },
        data: { type: 'string' },
        empty: { type: 'boolean', default: false },
        domain: { type: 'string', default: 'localhost' },
        https: { type: 'boolean', default: false },
        replicas: { type: 'string', default: '1' },
        clusters: { type: 'string', default: '1' },
        'longest-pause': { type: 'string', default: '5000' },
      },
    }).values;
  } catch (error) {
    throw new Obstacle(
      `${error.message}. Known: --port P --data DIR --empty --domain D --https --replicas N --clusters N --longest-pause MS.`,
    );
  }
}

/** The first signal stops in order, and that takes as long as it takes; nothing is left running. */
function stopOnSignals(platform) {
  let stopping;
  const stop = () => {
    stopping ??= (async () => {
      say('stopping');
      await platform.stop();
      say('stopped; the next start finds all data');
      process.exit(0);
    })();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  stopWithNpm(stop);
}

/** A killed npm tells its child nothing. */
function stopWithNpm(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 500).unref();
}

async function showHello(platform, { dataDir }) {
  const { run } = platform;
  const { url, answer, usage, bill } = await deployHello({ run, say });
  const tow = await towWords(run, dataDir);
  const rows = usage?.items ?? usage ?? [];
  const sum = (column) => rows.reduce((total, row) => total + BigInt(row[column] ?? 0), 0n);
  const cost = bill === undefined ? 'see `npx tow bill`' : `${bill.total} ${bill.currency} so far this month`;
  console.log(`
  API       ${run.urls.api}/v1      try it: ${run.urls.docs}
  GraphQL   ${run.urls.graphql}
  service   ${url}
            -> ${answer}
  API key   ${run.operatorKey}
  cost      ${sum('requests')} requests, ${sum('blocks')} units of 100 ms: ${cost}

In another terminal, in ${inRoot()}:
${tow.map((line) => `  ${line}`).join('\n')}
`);
}

/** Only the default installation becomes the CLI's context; others are named in the environment. */
async function towWords(run, dataDir) {
  const isDefault = dataDir === DEFAULT_DATA && (await logIn(run)).code === 0;
  const login = [
    `export TOW_API_URL=${run.urls.api} TOW_API_KEY=${run.operatorKey} TOW_PROJECT=${run.project}`,
  ];
  return [
    ...(isDefault ? [] : login),
    'npx tow deploy hello --source examples/hello --set-env-vars GREETING=hi',
    'npx tow curl hello',
    'npx tow services list',
    'npx tow logs hello --follow',
    'npx tow bill',
  ];
}
