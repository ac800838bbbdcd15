import { createServer, type AddressInfo } from 'node:net';
import {
  bootId,
  listeningPort,
  listeningPorts,
  parseStat,
  readProcess,
  residentBytes,
  treeOf,
} from './host.processes.js';

describe('parseStat', () => {
  it('counts from the last bracket, whatever the name holds', () => {
    const stat = '42 (a) b (c) S 7 42 41 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 11 0 123456 1000 200 0';
    expect(parseStat(42, stat)).toEqual({ pid: 42, parent: 7, group: 42, session: 41, startTicks: 123456 });
  });
});

describe('treeOf', () => {
  const row = (pid: number, parent: number, group: number, session: number) => ({
    pid,
    parent,
    group,
    session,
    startTicks: 1,
  });
  it.each([
    ['its children and theirs', [row(10, 1, 10, 10), row(11, 10, 10, 10), row(12, 11, 12, 12)], [10, 11, 12]],
    ['members whose parent is gone', [row(10, 1, 10, 10), row(13, 1, 10, 10)], [10, 13]],
    ['a group of its own in its session', [row(10, 1, 10, 10), row(14, 1, 14, 10)], [10, 14]],
    ['found in any order', [row(9, 12, 9, 9), row(12, 10, 12, 12), row(10, 1, 10, 10)], [9, 12, 10]],
    ['no strangers', [row(10, 1, 10, 10), row(20, 1, 20, 20)], [10]],
  ])('%s', (_name, rows, pids) => {
    expect(treeOf(10, rows).map((one) => one.pid)).toEqual(pids);
  });
});

describe('listeningPort', () => {
  const line = (state: string, inode: number) =>
    `   0: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0  0 ${inode} 1 0 100`;
  it.each([
    ['a listening socket of ours', line('0A', 7), 8080],
    ['one of somebody else', line('0A', 8), undefined],
    ['a connection', line('01', 7), undefined],
    ['the heading', '  sl  local_address rem_address   st', undefined],
  ])('%s', (_name, text, port) => {
    expect(listeningPort(text, new Set(['7']))).toBe(port);
  });
});

describe('this process', () => {
  it('is found in /proc', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(listeningPorts([process.pid])).toContain(port);
    server.close();
    expect(readProcess(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid });
    expect(residentBytes(process.pid)).toBeGreaterThan(10_000_000);
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is nothing when there is no such process', () => {
    expect(readProcess(4_194_305)).toBeUndefined();
    expect(residentBytes(4_194_305)).toBe(0);
  });
});
