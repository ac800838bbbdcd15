import {
  HIDDEN,
  WireRecorder,
  fieldsOf,
  readRequests,
  sendRaw,
  smugglingCases,
  wrongOf,
} from '#libs/testing';
import { LocalRig } from './rig/local.rig.js';

/** The ingress asked directly, past the gateway: its instances get well-formed requests, or none. */
let rig: LocalRig;
let recorder: WireRecorder;
let hosts: { own: string; victim: string };

/** An instance that is a wire to the recorder. */
const wire = (port: number): string => `
  import { connect, createServer } from 'node:net';
  createServer((socket) => {
    const other = connect(${port}, '127.0.0.1');
    socket.pipe(other).pipe(socket);
    for (const end of [socket, other]) end.on('error', () => { socket.destroy(); other.destroy(); });
  }).listen(process.env.PORT);
`;

beforeAll(async () => {
  recorder = await WireRecorder.start();
  rig = await LocalRig.started();
  const [own, victim] = [await rig.ready(wire(recorder.port)), await rig.ready(wire(recorder.port))];
  hosts = { own: own.host, victim: victim.host };
}, 60_000);
afterAll(async () => {
  await rig.close();
  await recorder.close();
});

const whole = (): number => recorder.readings().reduce((sum, { requests }) => sum + requests.length, 0);

it('hands any HTTP/1.1 on in one form or not at all', async () => {
  const cases = smugglingCases(hosts.own, hosts.victim);
  const wrong = await wrongOf(cases, 250, async ({ expected, parts }, quietMs) => {
    const before = whole();
    const { statuses } = await sendRaw(rig.driver.door().port, parts, {
      quietMs,
      enough: ({ statuses: [first] }) => first !== undefined && (expected === 'one' || first >= 400),
    });
    const got = whole() - before;
    const good = statuses.filter((status) => status === 200).length;
    // What follows and cannot be read ends the connection, and with it the answer to what stood before.
    const written = readRequests(parts.join('')).requests.length;
    return [
      ...(got < good || got > Math.max(1, written) ? [`${got} requests, ${statuses.join()}`] : []),
      ...(expected === 'one' && got !== 1 ? [`${got} requests instead of one`] : []),
      ...(expected === 'refused' && got !== 0 ? ['handed on'] : []),
    ];
  });
  console.log(`${cases.length} raw requests, ${whole()} handed on`);
  expect(wrong).toEqual([]);
  expect(recorder.readings().flatMap(({ fault }) => fault ?? [])).toEqual([]);
}, 120_000);

it('never hands on the hidden request to whom it was not written', () => {
  const asked = recorder
    .readings()
    .flatMap(({ requests }) => requests.filter(({ target }) => target === HIDDEN));
  expect(asked.map((request) => fieldsOf(request, 'host')[0])).toEqual(asked.map(() => hosts.victim));
});

it('answers others as before', async () => {
  for (const host of [hosts.own, hosts.victim])
    expect((await rig.get({ host }, '/after')).body).toBe('saw /after');
});
