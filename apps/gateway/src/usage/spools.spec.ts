import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createLogger } from '#libs/process';
import { SteppedClock, seededRandom, temporaryFolder } from '#libs/testing';
import type { TemporaryFolder } from '#libs/testing';
import { CheckpointFile } from './checkpoint.js';
import type { Spool } from './checkpoint.js';
import { Spools } from './spools.js';

const line = (name: string): string => `${name} ${'x'.repeat(80)}\n`;

describe('the spools', () => {
  let folder: TemporaryFolder;
  let log: string;
  let asked: number;
  let seed = 0;
  let clock: SteppedClock;
  let spools: Spools;
  /** What was read, with whose it is. */
  let seen: { producer: string; text: string }[];

  const open = (list: Spool[] = []): Spools => {
    const reopen = (): Promise<void> => Promise.resolve(void (asked += 1));
    const logger = createLogger('test', 'silent');
    spools = new Spools(list, {
      log,
      rotateBytes: 1_000,
      reopen,
      clock,
      random: seededRandom((seed += 1)),
      logger,
    });
    return spools;
  };
  /** Looks and reads as the shipper does, until nothing is left. */
  const drain = async (): Promise<void> => {
    for (;;) {
      await spools.look();
      const isLeft = spools.isLeft;
      const chunk = await spools.read(Buffer.alloc(4_096));
      const [spool] = spools.list;
      if (spool && chunk.length > 0) {
        seen.push({ producer: spool.producer, text: chunk.toString() });
        spool.offset += chunk.length;
      } else if (isLeft) await spools.finish();
      else return;
    }
  };
  const restart = async (): Promise<void> => {
    const kept = JSON.parse(JSON.stringify(spools.list)) as Spool[];
    await spools.close();
    open(kept);
  };
  const texts = (): string => seen.map(({ text }) => text).join('');
  const producers = (): number => new Set(seen.map(({ producer }) => producer)).size;

  beforeEach(() => {
    folder = temporaryFolder();
    log = path.join(folder.path, 'envoy.log');
    asked = 0;
    clock = new SteppedClock();
    seen = [];
    open();
  });
  afterEach(async () => {
    await spools.close();
    folder.remove();
  });

  it('follows a log that appears and grows, past a restart', async () => {
    await drain();
    writeFileSync(log, line('a'));
    await drain();
    await restart();
    appendFileSync(log, line('b'));
    await drain();
    expect(texts()).toBe(line('a') + line('b'));
    expect(producers()).toBe(1);
  });

  it('puts a full log aside and reads what Envoy still writes to it before the new one', async () => {
    await drain();
    writeFileSync(log, line('a').repeat(13));
    await spools.look();
    await spools.look();
    const [aside] = readdirSync(folder.path).filter((name) => name.includes('.spl_'));
    appendFileSync(path.join(folder.path, aside as string), line('late'));
    await drain();
    expect(asked).toBe(1);
    writeFileSync(log, line('new'));
    await drain();
    expect(texts()).toBe(line('a').repeat(13) + line('late') + line('new'));
    expect(producers()).toBe(2);
    expect(spools.list).toHaveLength(1);
  });

  it('finds a log that was put aside in the moment the process died', async () => {
    await drain();
    writeFileSync(log, line('a'));
    await drain();
    appendFileSync(log, line('b'));
    const [spool] = spools.list;
    await restart();
    renameSync(log, `${log}.${spool?.producer}`);
    writeFileSync(log, line('c'));
    await drain();
    expect(texts()).toBe(line('a') + line('b') + line('c'));
    expect(producers()).toBe(2);
  });

  it('reads a log that was taken away to its end, and asks for another', async () => {
    await drain();
    writeFileSync(log, line('a'));
    await drain();
    renameSync(log, `${log}.stolen`);
    appendFileSync(`${log}.stolen`, line('b'));
    await drain();
    expect(asked).toBe(1);
    writeFileSync(log, line('c'));
    await drain();
    expect(texts()).toBe(line('a') + line('b') + line('c'));
  });

  it('reads an emptied log from its new beginning', async () => {
    await drain();
    writeFileSync(log, line('a').repeat(3));
    await drain();
    truncateSync(log);
    appendFileSync(log, line('new'));
    await drain();
    expect(texts()).toBe(line('a').repeat(3) + line('new'));
    expect(producers()).toBe(2);
  });

  it('never reads again what it shipped, when a dying machine lost the end of the file', async () => {
    await drain();
    writeFileSync(log, line('a') + line('b'));
    await drain();
    await restart();
    truncateSync(log, line('a').length);
    await drain();
    expect(texts()).toBe(line('a') + line('b'));
    writeFileSync(log, line('c'));
    await drain();
    expect(texts()).toBe(line('a') + line('b') + line('c'));
  });

  it('sees another file in the place of the log, even with the same inode', async () => {
    await drain();
    writeFileSync(log, line('a'));
    await drain();
    await restart();
    writeFileSync(log, line('other') + line('more'));
    await drain();
    await drain();
    expect(texts()).toBe(line('a') + line('other') + line('more'));
    expect(producers()).toBe(2);
  });

  it('puts a log without a checkpoint aside: it may have been shipped', async () => {
    writeFileSync(log, line('a'));
    await drain();
    expect(seen).toEqual([]);
    expect(readdirSync(folder.path)).toEqual([`envoy.log.unclaimed-${clock.now()}`]);
  });

  it('puts a small log aside after a day, and an empty one never', async () => {
    await drain();
    writeFileSync(log, '');
    clock.step(86_400_000);
    await drain();
    expect(readdirSync(folder.path)).toEqual(['envoy.log']);
    appendFileSync(log, line('a'));
    await drain();
    await drain();
    expect(asked).toBe(1);
    expect(readdirSync(folder.path).filter((name) => name.includes('.spl_'))).toHaveLength(1);
    writeFileSync(log, line('b'));
    clock.step(86_399_999);
    await drain();
    expect(texts()).toBe(line('a') + line('b'));
    expect(spools.list.map(({ file }) => path.basename(file))).toEqual(['envoy.log']);
  });

  it('drops shipped files after a week', async () => {
    const old = `${log}.spl_old`;
    writeFileSync(old, 'x');
    utimesSync(old, new Date(clock.now() - 8 * 86_400_000), new Date(clock.now() - 8 * 86_400_000));
    await drain();
    writeFileSync(log, line('a').repeat(13));
    await drain();
    writeFileSync(log, line('new'));
    await drain();
    expect(statSync(old, { throwIfNoEntry: false })).toBeUndefined();
    expect(readdirSync(folder.path).filter((name) => name.includes('.spl_'))).toHaveLength(1);
  });

  it('knows how much waits', async () => {
    await drain();
    writeFileSync(log, line('a'));
    await spools.look();
    expect(spools.lag()).toBe(line('a').length);
    await drain();
    expect(spools.lag()).toBe(0);
  });
});

describe('the checkpoint', () => {
  it('is the old or the new one, never half', async () => {
    const folder = temporaryFolder();
    const file = new CheckpointFile(path.join(folder.path, 'inside'));
    expect(file.read()).toBeUndefined();
    const checkpoint = { schemaVersion: 1 as const, finishedBytes: 7, spools: [], open: {} };
    await file.write(checkpoint);
    mkdirSync(path.join(folder.path, 'inside', 'x'));
    writeFileSync(path.join(folder.path, 'inside', 'usage-checkpoint.json.new'), '{"half');
    expect(file.read()).toEqual(checkpoint);
    folder.remove();
  });
});
