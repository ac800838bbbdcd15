import { NOTICE_EVENTS, STREAMS, decode, decodeHubEvent, ensureHubTopology } from '#libs/bus';
import { NOTICE_TYPES, newId, type NoticeData, type NoticeType } from '#libs/domain';
import { Health, Metrics, createLogger, systemClock } from '#libs/process';
import { giveNotice, listNotices } from '#libs/store';
import {
  makeUsedRevision,
  seededRandom,
  testDatabase,
  testNats,
  until,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import type { z } from 'zod';
import { OutboxRelay } from './relay.js';

const random = seededRandom(11);
const now = Date.UTC(2026, 10, 22);
const id = <P extends Parameters<typeof newId>[0]>(prefix: P): string => newId(prefix, now, random);

const about = { invoiceId: id('ivc'), number: 'INV-1-000001', currency: 'USD' };
const [month, dueAt] = ['2026-10', '2026-11-15T01:00:00.000Z'];
const TOLD: { [T in NoticeType]: NoticeData[T] } = {
  'budget.threshold': {
    ...{ budgetId: id('bdg'), month, percent: 80, on: 'actual' },
    ...{ amount: '10', currency: 'USD', spent: '25/3' },
  },
  'cap.reached': { month, amount: '40', currency: 'USD', spent: '39.9999', reason: 'spent' },
  'invoice.finalized': { ...about, month, payable: '12.34', dueAt },
  'invoice.overdue': { ...about, month, balance: '2.34', dueAt },
  'payment.recorded': { ...about, paymentId: id('pay'), amount: '10', reference: 'tr_1', receivedAt: dueAt },
};

let database: TestDatabase;
let nats: TestNats;

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  await ensureHubTopology(nats.bus);
});
afterAll(() => Promise.all([database.drop(), nats.release()]));

/** Everything the stream holds, oldest first. */
async function published(): Promise<{ subject: string; name: string; key: string; body: Uint8Array }[]> {
  const jsm = await nats.bus.jsm();
  const { state } = await jsm.streams.info(STREAMS.hub);
  const sequences = Array.from({ length: state.messages }, (_, at) => state.first_seq + at);
  return Promise.all(
    sequences.map(async (seq) => {
      const message = await jsm.streams.getMessage(STREAMS.hub, { seq });
      if (!message) throw new Error(`message ${seq} is gone`);
      const { name, key } = decodeHubEvent(message.header);
      return { subject: message.subject, name, key, body: message.data };
    }),
  );
}

it('what an organization is told is on the bus by its type, once, and says what the notice says', async () => {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), random, {
    ...{ concurrency: 1, maxInstances: 1, timeoutSeconds: 1 },
  });
  const { organizationId } = of;
  const tell = <T extends NoticeType>(type: T): Promise<void> =>
    database.db.asSystem((tx) => giveNotice(tx, { organizationId, type, data: TOLD[type], now }, random));
  for (const type of NOTICE_TYPES) await tell(type);
  const logger = createLogger('deployer', 'silent');
  const rest = { clock: systemClock, logger, metrics: new Metrics(), health: new Health() };
  const relay = new OutboxRelay({ db: database.db, bus: nats.bus, ...rest });
  await relay.relay();
  // The broker's acknowledgements are lost: everything is sent again, and stored once.
  await database.query('UPDATE outbox SET sent_at = NULL');
  await relay.relay();
  const all = await until(
    async () => {
      const found = await published();
      return found.length >= 2 * NOTICE_TYPES.length ? found : undefined;
    },
    { what: 'the messages', deadlineMs: 30_000 },
  );
  expect(all).toHaveLength(2 * NOTICE_TYPES.length);
  const notices = await database.db.inTenant(organizationId, (tx) =>
    listNotices(tx, organizationId, { limit: 10 }),
  );
  for (const type of NOTICE_TYPES) {
    const notice = notices.find((one) => one.type === type);
    const [message, ...more] = all.filter(({ name }) => name === type);
    expect(more).toEqual([]);
    expect(message).toMatchObject({
      key: notice?.id,
      subject: `hub.${type.replace('.', '-')}.${notice?.id}`,
    });
    const head = { schemaVersion: 1, noticeId: notice?.id, organizationId };
    const schema: z.ZodType = NOTICE_EVENTS[type];
    expect(decode(schema, message?.body ?? new Uint8Array())).toEqual({ ...head, ...TOLD[type] });
    const look = all.find(({ name, key }) => name === 'notice.made' && key === notice?.id);
    expect(look?.body).toHaveLength(0);
  }
});
