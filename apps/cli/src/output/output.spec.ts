import { Writable } from 'node:stream';
import { SteppedClock } from '#libs/testing';
import { normalUrl } from '../config/url.js';
import { gatewayAddress } from '../service/call.js';
import { Progress } from './progress.js';
import { printable, tableOf } from './table.js';
import { spanOf } from './time.js';

class Screen extends Writable {
  text = '';
  constructor(readonly isTTY: boolean) {
    super();
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A progress whose time passes only by `pass`. */
function progressOn(tty: boolean, quiet = false) {
  const stderr = new Screen(tty);
  const clock = new SteppedClock(0);
  let work: (() => void) | undefined;
  const every = (_ms: number, tick: () => void): (() => void) => {
    work = tick;
    return () => (work = undefined);
  };
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 250) {
      clock.step(250);
      work?.();
    }
  };
  return {
    progress: new Progress({ stderr, clock, every }, quiet),
    pass,
    stderr,
    ticking: () => work !== undefined,
  };
}

describe('waiting', () => {
  it('is never silent for more than 2 s where no terminal is', () => {
    const { progress, pass, stderr } = progressOn(false);
    const end = progress.startWaiting('waiting for build');
    for (let seconds = 2; seconds <= 20; seconds += 2) {
      const before = stderr.text.length;
      pass(2000);
      expect(stderr.text.length).toBeGreaterThan(before);
    }
    progress.note('done');
    end();
    expect(stderr.text).toMatch(/^… waiting for build \(1 s\) \.+\ndone\n$/);
  });

  it('counts the seconds in one line of a terminal, and wipes it', () => {
    const { progress, pass, stderr } = progressOn(true);
    const end = progress.startWaiting('waiting for build');
    pass(3000);
    expect(stderr.text).toContain('(3 s)');
    expect(stderr.text).not.toContain('\n');
    end();
    expect(stderr.text.endsWith('\u001b[2K')).toBe(true);
  });

  it('says nothing when it is quick, nothing with --quiet, and stops its timer', async () => {
    const quick = progressOn(false);
    expect(await quick.progress.waiting('x', () => Promise.resolve(7))).toBe(7);
    expect(quick.stderr.text).toBe('');
    expect(quick.ticking()).toBe(false);
    const quiet = progressOn(false, true);
    quiet.progress.startWaiting('x');
    quiet.pass(10_000);
    quiet.progress.note('x');
    expect(quiet.stderr.text).toBe('');
  });

  it('is not made silent by short waits within', () => {
    const { progress, pass, stderr } = progressOn(false);
    const end = progress.startWaiting('erasing');
    for (let look = 0; look < 8; look += 1) {
      const endLook = progress.startWaiting('looking');
      pass(250);
      endLook();
      pass(750);
    }
    end();
    expect(stderr.text).toMatch(/^… erasing \(1 s\) \.{3}\n$/);
  });

  it('has the words of the innermost wait', () => {
    const { progress, pass, stderr } = progressOn(false);
    const end = progress.startWaiting('outer');
    const endInner = progress.startWaiting('inner');
    pass(2000);
    endInner();
    pass(2000);
    end();
    expect(stderr.text).toMatch(/^… inner .*\n… outer /);
  });
});

describe('tables', () => {
  it('align, show - for nothing, and let no name drive the terminal', () => {
    const rows = [
      { a: 'long name', b: 1 },
      { a: 'x\u001b[2J', b: undefined },
    ];
    expect(tableOf(rows, { A: (row) => row.a, B: (row) => row.b })).toEqual([
      'A          B',
      'long name  1',
      'x[2J       -',
    ]);
    expect(printable('a\tb\u0007\u202e')).toBe('a\tb');
  });
});

describe('times', () => {
  it.each([
    ['2026-11-20T12:00:00.000Z', '2026-11-20T12:00:00.850Z', '850 ms'],
    ['2026-11-20T12:00:00.000Z', '2026-11-20T12:00:04.200Z', '4.2 s'],
    ['2026-11-20T12:00:00.000Z', '2026-11-20T12:03:05.000Z', '3 min 5 s'],
    ['2026-11-20T12:00:00.000Z', undefined, undefined],
  ])('%s to %s is %s', (from, to, span) => expect(spanOf(from, to)).toBe(span));
});

describe('the address of an API has one spelling', () => {
  it.each([
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['localhost:8080/', 'http://localhost:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['api.example.com', 'https://api.example.com'],
    ['HTTPS://API.example.com:443/v1/', 'https://api.example.com'],
    ['http://api.example.com:80//', 'http://api.example.com'],
    ['https://example.com/towpath/v1?x#y', 'https://example.com/towpath'],
  ])('%s is %s', (text, url) => {
    expect(normalUrl(text)).toBe(url);
    expect(normalUrl(url)).toBe(url);
  });

  it.each(['', 'ftp://x', 'http://', 'a b', 'http://u:p@x'])('refuses %j', (text) => {
    expect(() => normalUrl(text)).toThrow();
  });
});

describe('where the gateway listens', () => {
  const at = { apiUrl: '', gatewayPort: 8081, domain: 'localhost' };

  it.each([
    ['http://a--b.localhost:8081/', 'http://127.0.0.1:8080', { host: '127.0.0.1', port: 8081 }],
    ['http://a--b.example.test:8081/', 'http://localhost:8080', { host: '127.0.0.1', port: 8081 }],
    ['http://a--b.localhost:8081/', 'http://10.0.0.7:8080', { host: '10.0.0.7', port: 8081 }],
    ['http://a--b.localhost/', 'http://127.0.0.1:8080', { host: '127.0.0.1', port: 8081 }],
    ['http://a--b.example.com/', 'https://api.example.org', undefined],
  ])('%s with the API %s', (url, api, address) => {
    expect(gatewayAddress(new URL(url), api, at)).toEqual(address);
  });
});
