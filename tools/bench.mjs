/** `npm run bench [name …]`: runs dist/bench/<name>.bench.js one after the other (all, without names). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { ENVOY, findBinary } from './binaries.mjs';
import { inRoot } from './stamp.mjs';

const SUFFIX = '.bench.js';
const folder = inRoot('dist/bench');
const known = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

const env = { ...process.env, TEST_ENVOY: findBinary(ENVOY) };
let failed = false;
for (const name of wanted.length > 0 ? wanted : known) {
  const file = inRoot(`dist/bench/${name}${SUFFIX}`);
  const child = spawn(process.execPath, ['--enable-source-maps', file], { env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  failed ||= code !== 0;
}
process.exit(failed ? 1 : 0);
