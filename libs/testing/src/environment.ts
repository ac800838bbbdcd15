import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * What tools/test.mjs started for integration tests.
 * @throws when the test was run without it
 */
export function testEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `${name} is not set: run integration tests with \`npm test -- --only integration [pattern]\``,
    );
  }
  return value;
}

export interface TemporaryFolder {
  path: string;
  remove(): void;
}

/** A new folder of this test's own. */
export function temporaryFolder(): TemporaryFolder {
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-test-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
