/** `npm run check`: the fast path without servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CHECKS, Stages, contractStage } from './stages.mjs';

const temporaryDir = mkdtempSync(path.join(tmpdir(), 'towpath-'));
const stages = new Stages(temporaryDir);
try {
  await stages.checkAll(CHECKS);
  await stages.jest('unit');
  await stages.checkAll(contractStage());
} finally {
  rmSync(temporaryDir, { recursive: true, force: true });
}
process.exit(stages.summarize());
