import { TowpathError } from '#libs/domain';
import { testNats, until, type TestNats } from '#libs/testing';
import { z } from 'zod';
import { Bus } from './bus.js';
import { identitySubject, inboxPrefix } from './names.js';
import { agentPermissions } from './topology.js';

const CLUSTER = 'cls_0mgabcdefghijklmnopq';
const asked = { request: z.object({ n: z.number() }), answer: z.object({ twice: z.number() }) };

let nats: TestNats;
let agent: Bus;
let unexpected: unknown[];

beforeAll(async () => {
  nats = await testNats();
  const creds = await nats.credentials(CLUSTER, agentPermissions(CLUSTER));
  agent = await Bus.connect({
    servers: nats.url,
    creds,
    name: CLUSTER,
    inboxPrefix: inboxPrefix(CLUSTER),
  });
});
afterAll(async () => {
  await agent.close();
  await nats.release();
});
beforeEach(() => (unexpected = []));

function answering(
  subject: string,
  handler: (request: { n: number }) => Promise<{ twice: number }>,
): () => Promise<void> {
  const on = { subject, queue: 'spec', asked, unexpected: (error: unknown) => unexpected.push(error) };
  return nats.bus.answer(on, handler);
}

describe('asking another process', () => {
  it('gives its answer; of two that share a queue one answers', async () => {
    const counts = [0, 0];
    const ends = counts.map((_zero, at) =>
      answering('ask.shared', ({ n }) => {
        counts[at] = (counts[at] ?? 0) + 1;
        return Promise.resolve({ twice: 2 * n });
      }),
    );
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => nats.bus.ask('ask.shared', asked, { n })),
    );
    expect(answers.map(({ twice }) => twice)).toEqual(Array.from({ length: 50 }, (_, n) => 2 * n));
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(50);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    await Promise.all(ends.map((end) => end()));
  });

  it('gives what it threw, and of what is not meant for callers nothing', async () => {
    const told = new TowpathError('RATE_LIMITED', 'Too often.', {
      nextStep: 'Wait.',
      violations: [{ field: 'n', message: 'is too much' }],
      retryAfterSeconds: 7,
    });
    const end = answering('ask.failing', ({ n }) =>
      Promise.reject(n === 1 ? told : new Error('password is hunter2')),
    );
    const first = await nats.bus.ask('ask.failing', asked, { n: 1 }).catch((error: unknown) => error);
    expect(first).toBeInstanceOf(TowpathError);
    expect(first).toMatchObject({
      code: 'RATE_LIMITED',
      message: 'Too often.',
      violations: [{ field: 'n', message: 'is too much' }],
      retryAfterSeconds: 7,
    });
    const second = await nats.bus.ask('ask.failing', asked, { n: 2 }).catch((error: unknown) => error);
    expect(second).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(second)).not.toContain('hunter2');
    expect(unexpected).toEqual([new Error('password is hunter2')]);
    await end();
  });

  it('ends when all that was asked is answered, and then nobody is there', async () => {
    let release: () => void = () => undefined;
    let working = false;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const end = answering('ask.slow', async () => {
      working = true;
      await gate;
      return { twice: 0 };
    });
    const answer = nats.bus.ask('ask.slow', asked, { n: 0 });
    await until(() => working, { deadlineMs: 5_000, what: 'the question to arrive' });
    const ended = end();
    release();
    await ended;
    expect(await answer).toEqual({ twice: 0 });
    const late = nats.bus.ask('ask.slow', asked, { n: 0 });
    await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 2 });
  });
});

it('an agent can neither ask identity nor listen to what is asked', async () => {
  const subject = identitySubject('sign-in');
  const end = answering(subject, () => Promise.resolve({ twice: 0 }));
  await expect(agent.ask(subject, asked, { n: 0 })).rejects.toThrow();
  const refused = await new Promise<unknown>((resolve) => {
    agent.nc.subscribe('identity.>', { callback: (error, message) => resolve(error ?? message) });
  });
  expect(String(refused)).toMatch(/permission/i);
  await end();
});
