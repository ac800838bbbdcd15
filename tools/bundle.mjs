/**
 * Makes one file of each process and of `tow`: most of what a start took was to find and read some thousand small ones
 * (docs/adr/0023-one-file-a-process.md). It takes the place of the compiled main, so nobody who starts one needs to know.
 * The licences of the packages in them are left in dist/licences.txt.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';
import { ROOT, inRoot } from './stamp.mjs';

const MAINS = ['api', 'identity', 'deployer', 'agent', 'gateway', 'billing', 'cli'];

/** What packages import where somebody has it, and do without where nobody has: nothing here depends on it. */
const ABSENT = [
  '@apollo/subgraph',
  '@as-integrations/fastify',
  '@fastify/multipart',
  '@fastify/view',
  '@grpc/proto-loader',
  '@mercuriusjs/gateway',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'amqp-connection-manager',
  'amqplib',
  'bufferutil',
  'class-transformer',
  'class-validator',
  'ioredis',
  'kafkajs',
  'mqtt',
  'nats',
  'pg-native',
  'ts-morph',
  'utf-8-validate',
];

/** Megabytes that only the first of Prisma's own queries reads. */
const LATER = ['@prisma/client/runtime/query_compiler*'];

/** What packages in the older format of modules expect to be there. */
const COMMON_JS = `
import { createRequire as bundleRequire } from 'node:module';
import { fileURLToPath as bundlePath } from 'node:url';
const require = bundleRequire(import.meta.url);
const __filename = bundlePath(import.meta.url);
const __dirname = bundlePath(new URL('.', import.meta.url));
`;

const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: MAINS.map((name) => `dist/apps/${name}/src/main.js`),
  outbase: '.',
  outdir: '.',
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  external: [...ABSENT.flatMap((name) => [name, `${name}/*`]), ...LATER],
  banner: { js: COMMON_JS.trim().replaceAll('\n', ' ') },
  logLevel: 'error',
  metafile: true,
});

for (const file of Object.keys(metafile.outputs).filter((name) => name.endsWith('.map')))
  writeFileSync(inRoot(file), JSON.stringify(ofOwn(JSON.parse(readFileSync(inRoot(file), 'utf8')))));
writeFileSync(inRoot('dist/licences.txt'), licencesOf(Object.keys(metafile.inputs)));

/**
 * A map without packages: Node reads it whole at each start, and most of it was theirs. Where an error is in a package its
 * line in the bundle is told.
 */
function ofOwn({ sources, mappings, ...map }) {
  const own = sources.filter((source) => !source.includes('node_modules/'));
  const place = sources.map((source) => own.indexOf(source));
  let isIn = false;
  const kept = decode(mappings).map((line) =>
    line.flatMap(([column, source, ...original]) => {
      const [wasIn, to] = [isIn, place[source] ?? -1];
      isIn = to >= 0;
      // what has no place ends what came before
      if (!isIn) return wasIn ? [[column]] : [];
      return [[column, to, ...original.slice(0, 2)]];
    }),
  );
  return { ...map, names: [], sources: own, mappings: encode(kept) };
}

/** @param files of packages and of our own */
function licencesOf(files) {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...folders].toSorted().map(licenceOf).join('\n');
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(inRoot(folder, 'package.json'), 'utf8'));
  const files = readdirSync(inRoot(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(inRoot(folder, file), 'utf8'));
  return [`${name} ${version}: ${license ?? 'see below'}`, ...texts].join('\n\n');
}
