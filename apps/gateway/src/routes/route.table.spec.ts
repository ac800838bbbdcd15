import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SteppedClock, temporaryFolder } from '#libs/testing';
import type { TemporaryFolder } from '#libs/testing';
import { testBackend, testRoute } from '../testing/routes.js';
import { DesiredState } from '../xds/desired-state.js';
import { EnvoyView } from '../xds/envoy-view.js';
import { loadEnvoyTypes } from '../xds/proto.js';
import { RefusedResources } from '../xds/refused.js';
import { RouteJournal } from './route.journal.js';
import { RouteTable } from './route.table.js';

const types = loadEnvoyTypes();

describe('the route table', () => {
  let folder: TemporaryFolder;
  beforeEach(() => (folder = temporaryFolder()));
  const journals: RouteJournal[] = [];
  afterEach(async () => {
    for (const journal of journals.splice(0)) await journal.close();
    folder.remove();
  });

  const open = () => {
    const clock = new SteppedClock();
    const desired = new DesiredState(types, clock);
    const refused = new RefusedResources(clock);
    const view = new EnvoyView(desired, refused);
    const journal = new RouteJournal(folder.path);
    journals.push(journal);
    const table = new RouteTable({ journal, desired, changed: (hosts) => table.settle(view, hosts) });
    const take = (...hosts: string[]): void => {
      for (const host of hosts) {
        const version = desired.resources.scope.get(host)?.version;
        if (version === undefined) view.held.scope.delete(host);
        else view.held.scope.set(host, version);
      }
      table.settle(view, hosts);
    };
    const refuse = (host: string): void => {
      refused.add('scope', host, desired.resources.scope.get(host)?.version ?? '');
      table.settle(view, [host]);
    };
    return { desired, view, journal, table, take, refuse };
  };

  it('acknowledges up to the first host that Envoy lacks', async () => {
    const { table, take } = open();
    await table.accept(testRoute('a.lab', 1, []), 5);
    await table.accept(testRoute('b.lab', 1, []), 7);
    expect(table.acknowledged()).toBe(4);
    take('b.lab');
    expect(table.acknowledged()).toBe(4);
    take('a.lab');
    expect(table.acknowledged()).toBe(7);
    table.handled(9);
    expect(table.acknowledged()).toBe(9);
  });

  it('keeps the sequence of the first change that is missing, not of the last', async () => {
    const { table, take } = open();
    await table.accept(testRoute('a.lab', 1, []), 5);
    take('a.lab');
    await table.accept(testRoute('a.lab', 2, [testBackend(1, 100)]), 6);
    await table.accept(testRoute('a.lab', 3, [testBackend(2, 100)]), 8);
    expect(table.acknowledged()).toBe(5);
    take('a.lab');
    expect(table.acknowledged()).toBe(8);
  });

  it('waits also for a host that must go', async () => {
    const { table, take } = open();
    await table.accept(testRoute('a.lab', 1, []), 1);
    take('a.lab');
    await table.accept(testRoute('a.lab', 2, [], { deleted: true }), 2);
    expect(table.acknowledged()).toBe(1);
    take('a.lab');
    expect(table.acknowledged()).toBe(2);
  });

  it('passes over a host that Envoy refuses, and names it until it changes', async () => {
    const { table, take, refuse } = open();
    await table.accept(testRoute('a.lab', 1, []), 1);
    await table.accept(testRoute('b.lab', 1, []), 2);
    refuse('a.lab');
    expect([table.acknowledged(), table.rejected()]).toEqual([1, [{ host: 'a.lab', sequence: 1 }]]);
    take('b.lab');
    expect(table.acknowledged()).toBe(2);
    await table.accept(testRoute('a.lab', 2, [testBackend(1, 100)]), 3);
    expect([table.acknowledged(), table.rejected()]).toEqual([2, []]);
    refuse('a.lab');
    expect([table.acknowledged(), table.rejected()]).toEqual([3, [{ host: 'a.lab', sequence: 3 }]]);
    take('a.lab');
    expect([table.acknowledged(), table.rejected()]).toEqual([3, []]);
  });

  it('takes a new version with the same content as there already', async () => {
    const { table, take } = open();
    await table.accept(testRoute('a.lab', 1, []), 1);
    take('a.lab');
    await table.accept(testRoute('a.lab', 2, []), 2);
    expect(table.acknowledged()).toBe(2);
  });

  it('refuses a lower version, also after a restart, and never revives a deleted host', async () => {
    const first = open();
    await first.table.accept(testRoute('a.lab', 3, [], { deleted: true }), 1);
    await first.journal.close();
    const second = open();
    second.table.restore();
    await second.table.accept(testRoute('a.lab', 2, [testBackend(1, 100)]), 2);
    expect(second.desired.resources.scope.size).toBe(0);
    expect(second.table.acknowledged()).toBe(2);
  });

  it('forgets a host without a route, on disk too, and no other', async () => {
    const { table, take } = open();
    await table.accept(testRoute('gone.lab', 1, [testBackend(1, 100)]), 1);
    await table.accept(testRoute('stays.lab', 1, [testBackend(1, 100)]), 2);
    take('gone.lab', 'stays.lab');
    await table.accept({ ...testRoute('gone.lab', 2, []), deleted: true }, 3);
    expect(table.acknowledged()).toBe(2);
    await table.forget('stays.lab', 4);
    await table.forget('gone.lab', 5);
    await table.forget('never.lab', 6);
    expect([table.acknowledged(), table.hosts(), table.size]).toEqual([6, ['stays.lab'], 1]);
    const journal = readFileSync(path.join(folder.path, 'routes.jsonl'), 'utf8');
    expect(journal).toContain('stays.lab');
    expect(journal).not.toContain('gone.lab');
    await table.accept(testRoute('later.lab', 1, [testBackend(1, 100)]), 7);
    const again = open();
    again.table.restore();
    expect(again.table.hosts()).toEqual(['stays.lab', 'later.lab']);
  });

  it('comes back from disk past a torn line', async () => {
    const first = open();
    await first.table.accept(testRoute('a.lab', 1, [testBackend(1, 100)]), 1);
    await first.table.accept(testRoute('b.lab', 1, []), 2);
    await first.journal.close();
    appendFileSync(path.join(folder.path, 'routes.jsonl'), '\n{"sequence":3,"route":{"sch');
    const second = open();
    second.table.restore();
    await second.table.accept(testRoute('c.lab', 1, []), 4);
    await second.journal.close();
    const third = open();
    third.table.restore();
    expect([...third.desired.resources.scope.keys()].sort()).toEqual(['a.lab', 'b.lab', 'c.lab']);
    expect(third.table.received).toBe(4);
    expect(third.table.revisionName('rev_00000000000000000001')).toBe('hello-00001');
  });

  it('says of which bucket its sequences are, also after a restart', async () => {
    const first = open();
    await first.table.counts('one');
    await first.table.accept(testRoute('a.lab', 1, []), 40);
    await first.table.counts('one');
    first.take('a.lab');
    expect([first.table.mark, first.table.acknowledged()]).toEqual(['one', 40]);
    await first.journal.close();
    const second = open();
    second.table.restore();
    expect([second.table.mark, second.table.received]).toEqual(['one', 40]);
    await second.table.counts('two');
    expect([second.table.mark, second.table.received]).toEqual(['two', 0]);
    await second.journal.rewrite([]);
    const third = open();
    third.table.restore();
    expect(third.table.mark).toBe('two');
  });

  it('keeps its journal small', async () => {
    const { table, journal } = open();
    for (let version = 1; version <= 2_500; version += 1)
      await table.accept(testRoute('a.lab', version, []), version);
    await journal.close();
    const lines = readFileSync(path.join(folder.path, 'routes.jsonl'), 'utf8').split('\n');
    expect(lines.length).toBeLessThan(1_001);
    const again = open();
    again.table.restore();
    expect(again.table.received).toBe(2_500);
  });
});
