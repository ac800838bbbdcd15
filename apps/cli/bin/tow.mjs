#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';

const root = new URL('../../../', import.meta.url);
const main = new URL('dist/apps/cli/src/main.js', root);
if (!existsSync(main)) {
  process.stderr.write('tow is not built yet: run `npm run build` (or `npm start`) in the checkout first.\n');
  process.exit(1);
}
// Absent before Node 22.8; it only makes the start faster.
nodeModule.enableCompileCache?.();
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const { runInProcess } = await import(main.href);
await runInProcess(version);
