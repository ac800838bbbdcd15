import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '#libs/testing';
import { environmentHolds, readProcess } from './host.processes.js';
import { InstanceLedger } from './instance.ledger.js';

// Real processes on a machine that may be busy.
jest.setTimeout(60_000);

/** A process of its own session, as instances are. */
function sleeper(home: string, program = 'setInterval(() => 0, 1000)') {
  const child = spawn(process.execPath, ['-e', program], {
    detached: true,
    stdio: 'ignore',
    env: { HOME: home },
  });
  return { child, pid: child.pid ?? 0, gone: once(child, 'exit') };
}

describe('InstanceLedger', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'towpath-ledger-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('ends what a former run left behind, and all it started', async () => {
    const former = new InstanceLedger(folder);
    const program = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']); setInterval(() => 0, 1000)`;
    const { pid, gone } = sleeper(former.makeHome('one'), program);
    former.write('one', pid);
    expect(await new InstanceLedger(folder).endOrphans(2000)).toEqual(['one']);
    await gone;
    expect(readdirSync(join(folder, 'instances'))).toEqual([]);
    expect(readdirSync(join(folder, 'homes'))).toEqual([]);
  });

  it('kills one that takes no notice', async () => {
    const ledger = new InstanceLedger(folder);
    const ready = join(folder, 'deaf');
    const program = `process.on('SIGTERM', () => 0); require('fs').writeFileSync('${ready}', ''); setInterval(() => 0, 1000)`;
    const { pid, gone } = sleeper(ledger.makeHome('one'), program);
    ledger.write('one', pid);
    await until(() => readdirSync(folder).includes('deaf'));
    await ledger.endOrphans(200);
    expect(await gone).toEqual([null, 'SIGKILL']);
  });

  it('ends the children whose leader is dead', async () => {
    const ledger = new InstanceLedger(folder);
    const home = ledger.makeHome('one');
    const childFile = join(folder, 'child');
    const program = `const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' }); require('fs').writeFileSync('${childFile}', String(c.pid)); setInterval(() => 0, 1000)`;
    const leader = sleeper(home, program);
    ledger.write('one', leader.pid);
    const child = await until(() => Number(readFileSync(childFile, 'utf8')));
    process.kill(leader.pid, 'SIGKILL');
    await leader.gone;
    expect(readProcess(child)).toBeDefined();
    expect(await ledger.endOrphans(2000)).toEqual(['one']);
    await until(() => readProcess(child) === undefined);
  });

  it('ends one that was started just before its record could be written', async () => {
    const { pid, gone } = sleeper(new InstanceLedger(folder).makeHome('one'));
    await until(() => environmentHolds(pid, folder));
    expect(await new InstanceLedger(folder).endOrphans(2000)).toEqual(['one']);
    await gone;
  });

  it('leaves a foreign process alone that has the pid by now', async () => {
    const ledger = new InstanceLedger(folder);
    const { pid, child, gone } = sleeper('/elsewhere');
    ledger.write('one', pid);
    const file = join(folder, 'instances', 'one.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as { startTicks: number };
    writeFileSync(file, JSON.stringify({ ...record, startTicks: record.startTicks - 1 }));
    expect(await ledger.endOrphans(500)).toEqual([]);
    expect(readProcess(pid)).toBeDefined();
    child.kill('SIGKILL');
    await gone;
  });

  it('does not stumble over a record that was cut short', async () => {
    const ledger = new InstanceLedger(folder);
    writeFileSync(join(folder, 'instances', 'one.json'), '{"pid":');
    expect(await ledger.endOrphans(500)).toEqual([]);
  });
});
