import { CAP_ASK, CAP_QUEUE, capSubject, type CapAnswer, type CapRequest } from '#libs/bus';
import { allowanceOf, capAmount, worstCost, type CapMoney } from '#libs/domain';
import { until } from '#libs/testing';
import { ask, type Answer } from '../testing/ask.js';
import { GatewayLab } from '../testing/gateway.rig.js';
import { testBackend, testRoute } from '../testing/routes.js';

const HOST = 'capped--p.lab';
const PRICE = { block: 10n, request: 1n };
const TIMEOUT_SECONDS = 1;
const MOST = worstCost(PRICE, TIMEOUT_SECONDS);
/** Many times what requests below could cost, and less than what permits are given for. */
const [FAR, NEAR] = [MOST * 1_000_000n, MOST * 40n];
/** Requests at a time, and how often: together more than a first permit lets in. */
const [BATCH, BATCHES] = [8, 12];

/** Stands for billing: says what the gateway may spend of one cap; what has ended is on the bill at once, and costs nothing. */
class Desk {
  left: CapMoney = FAR;
  asked = 0;

  answer({ keep, need, slack, revisions, records }: CapRequest): CapAnswer {
    this.asked += 1;
    const wish = { keep: BigInt(keep), need: BigInt(need), slack: BigInt(slack) };
    const allowance = allowanceOf(this.left, wish);
    const [block, request] = [String(PRICE.block), String(PRICE.request)];
    return {
      standing: {
        ...{ cap: capAmount(this.left), currency: 'USD', spent: '0', resetsAt: 0 },
        reserved: capAmount(allowance),
      },
      allowance: String(allowance),
      prices: revisions.map((revisionId) => ({ revisionId, block, request })),
      said: records,
    };
  }
}

describe('a host of an organization with a cap', () => {
  const desk = new Desk();
  let lab: GatewayLab;
  let close: () => Promise<void>;
  let version = 0;

  const show = (capped: boolean): Promise<number> => {
    const door = { host: '127.0.0.1', port: lab.ingress.port };
    const doors = [{ clusterId: 'cls_00000000000000000001' as const, door }];
    const backends = [testBackend(1, 100, { doors, timeoutSeconds: TIMEOUT_SECONDS })];
    return lab.show(testRoute(HOST, (version += 1), backends, capped ? { capped: true } : {}));
  };
  const get = (): Promise<Answer> => ask({ port: lab.ports.listen, host: HOST });
  const statuses = async (requests: number): Promise<number[]> =>
    (await Promise.all(Array.from({ length: requests }, get))).map(({ status }) => status);
  const served = (requests: number): number[] => Array.from({ length: requests }, () => 200);
  const questions = (): Promise<number> => lab.metric('towpath_gateway_cap_questions_total');
  /** How many questions it takes for this to happen. */
  const questionsOf = async (what: () => Promise<unknown>): Promise<number> => {
    const before = await questions();
    await what();
    return (await questions()) - before;
  };
  /** Resolves when so many requests, sent together, were all served and took so many questions. */
  const untilAsked = (requests: number, asked: number): Promise<unknown> =>
    until(
      async () => {
        let all: number[] = [];
        const questioned = await questionsOf(async () => (all = await statuses(requests)));
        return questioned === asked && all.every((status) => status === 200);
      },
      { what: `${asked} questions for ${requests} requests`, deadlineMs: 60_000 },
    );
  /** The gateway knows of so many requests, and has told billing since. */
  const untilNoted = async (requests: number): Promise<void> => {
    await until(() => lab.records.length >= requests, { what: 'records', deadlineMs: 60_000 });
    const before = desk.asked;
    await until(() => desk.asked >= before + 2, { what: 'words to billing', deadlineMs: 60_000 });
  };

  beforeAll(async () => {
    lab = await GatewayLab.start();
    const unexpected = (error: unknown): never => {
      throw error;
    };
    close = lab.nats.bus.answer(
      { subject: capSubject('*'), queue: CAP_QUEUE, asked: CAP_ASK, unexpected },
      (request) => Promise.resolve(desk.answer(request)),
    );
  }, 60_000);
  afterAll(async () => {
    await close();
    await lab.stop();
  }, 30_000);

  it('far from it is not asked about, however many requests there are', async () => {
    await show(true);
    await untilAsked(1, 0);
    const before = lab.ingress.seen.length;
    expect(
      await questionsOf(async () => {
        for (let batch = 1; batch <= BATCHES; batch += 1) {
          expect(await statuses(BATCH)).toEqual(served(BATCH));
          await untilNoted(before + batch * BATCH);
        }
      }),
    ).toBe(0);
  }, 120_000);

  it('far from it needs no hub', async () => {
    lab.wire.cut();
    expect(await questionsOf(async () => expect(await statuses(BATCH)).toEqual(served(BATCH)))).toBe(0);
    lab.wire.mend();
  });

  it('near it is asked about for each request, and is refused while nobody answers', async () => {
    desk.left = NEAR;
    // what may be left of a permit is held for some seconds, and is missing meanwhile
    await untilAsked(BATCH, BATCH);
    lab.wire.cut();
    const refused = await until(
      async () => {
        const answer = await get();
        return answer.status === 402 ? answer : undefined;
      },
      { what: 'a refusal', deadlineMs: 60_000 },
    );
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'CAP_REACHED', reason: 'unconfirmed' });
    lab.wire.mend();
    await untilAsked(BATCH, BATCH);
  }, 200_000);

  it('is not asked about any more when there is no cap', async () => {
    await show(false);
    await untilAsked(BATCH, 0);
  }, 90_000);
});
