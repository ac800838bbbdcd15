/**
 * What comes from others: every package has a licence we may pass on and a checksum, none runs a script at its
 * installation unless `allowScripts` of package.json says so by name, and none that the platform runs on has a known weakness
 * of rank high or critical (where the registry answers audits). The list of all of them (SBOM, CycloneDX) is left in dist/sbom.json, and
 * names every one.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inRoot } from './stamp.mjs';

const LICENCES = new Set([
  ...[
    'MIT',
    'Apache-2.0',
    'ISC',
    'BSD-2-Clause',
    'BSD-3-Clause',
    '0BSD',
    'BlueOak-1.0.0',
    'Unlicense',
    'Python-2.0',
  ],
  ...['Apache-2.0 AND MIT', '(MIT OR CC0-1.0)', 'MIT and ISC', '(BSD-3-Clause OR GPL-2.0)'],
]);
/** Read by a person: the package says its licence elsewhere, or is a tool of ours that is not passed on. */
const KNOWN = new Map([
  ['passport-strategy', 'MIT, in its LICENSE file'],
  ['pause', 'MIT, in its Readme'],
  ['seq-queue', 'MIT, in its LICENSE file; a tool only'],
  ['caniuse-lite', 'CC-BY-4.0, data; a tool only'],
  ['elkjs', 'EPL-2.0, unchanged; prisma brings it along'],
]);

const read = (file) => JSON.parse(readFileSync(inRoot(file), 'utf8'));

const problems = [...packageProblems(), ...notListed(), ...knownWeaknesses()];
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);

function packageProblems() {
  const { packages } = read('package-lock.json');
  const { allowScripts } = read('package.json');
  const found = [];
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '') continue;
    const name = nameAt(place);
    if (!LICENCES.has(entry.license) && !KNOWN.has(name))
      found.push(`${name}: licence ${entry.license ?? 'not told'}`);
    if (!entry.integrity) found.push(`${name}: no checksum in package-lock.json`);
    if (entry.resolved) found.push(`${name}: package-lock.json names where it was fetched`);
    if (entry.hasInstallScript && !(name in allowScripts))
      found.push(`${name}: runs a script when it is installed; add it to allowScripts in package.json`);
  }
  return found;
}

/** Without `--omit`: with it npm leaves out packages that are needed twice. */
function notListed() {
  const text = npm('sbom', '--sbom-format', 'cyclonedx', '--package-lock-only');
  const components = parsed(text)?.components;
  if (components === undefined) return ['npm sbom gives no list here; it wants npm 10 or newer'];
  mkdirSync(inRoot('dist'), { recursive: true });
  writeFileSync(inRoot('dist/sbom.json'), text);
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  return Object.entries(read('package-lock.json').packages)
    .filter(([place]) => place !== '')
    .map(([place, { name, version }]) =>
      [nameAt(place), name ?? nameAt(place)].map((one) => `${one}@${version}`),
    )
    .filter((names) => !names.some((name) => listed.has(name)))
    .map(([name]) => `${name}: not in the SBOM`);
}

function nameAt(place) {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Runs the system's npm in the checkout; gives what it printed, whatever its end. */
function npm(...args) {
  const options = { cwd: inRoot('.'), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
  return spawnSync('npm', args, options).stdout ?? '';
}

function knownWeaknesses() {
  const report = parsed(npm('audit', '--omit=dev', '--json'));
  if (report?.vulnerabilities === undefined) {
    console.log('npm audit: the registry answers no audits here, so known weaknesses were not looked up');
    return [];
  }
  return Object.values(report.vulnerabilities)
    .filter(({ severity }) => severity === 'high' || severity === 'critical')
    .map(({ name, severity }) => `${name}: a known weakness (${severity}); see npm audit`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
