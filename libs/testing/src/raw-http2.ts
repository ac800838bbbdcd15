/** Frames of HTTP/2 by hand (RFC 9113): a client library would refuse to send what an attacker does. */
const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, continuation: 9 };
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export type RawField = readonly [name: string, value: string];

function frame(type: number, flags: number, stream: number, payload: string): string {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return head.toString('latin1') + payload;
}

/** Literal fields that no table keeps, nothing compressed (RFC 7541, 6.2.2). */
function fieldBlock(fields: readonly RawField[]): string {
  return fields.map(([name, value]) => `\0${text(name)}${text(value)}`).join('');
}

function text(value: string): string {
  const most = 127;
  if (value.length < most) return String.fromCharCode(value.length) + value;
  let [rest, bytes] = [value.length - most, String.fromCharCode(most)];
  for (; rest >= 128; rest >>= 7) bytes += String.fromCharCode((rest & 127) | 128);
  return bytes + String.fromCharCode(rest) + value;
}

export interface RawHttp2Request {
  fields: readonly RawField[];
  /** Frames of body; without them the head ends the request. */
  data?: readonly string[];
  trailers?: readonly RawField[];
  /** The head in that many frames. */
  pieces?: number;
  /** Taken back as soon as it is sent. */
  reset?: boolean;
}

/** A connection with these requests on streams 1, 3, 5 …, as parts to send one by one, in latin1; `apart`: heads before bodies. */
export function http2Parts(requests: readonly RawHttp2Request[], apart = false): string[] {
  const settings = frame(FRAME.settings, 0, 0, '') + frame(FRAME.settings, ACK, 0, '');
  const sent = [...requests.flatMap((request, at) => requestBytes(request, 2 * at + 1)), pingBytes()];
  return [PREFACE + settings, ...(apart ? sent : [sent.join('')])];
}

/** Asked last; its answer says that the peer has read everything before it. */
function pingBytes(): string {
  return frame(FRAME.ping, 0, 0, 'thelast.');
}

/** Whether the peer has read everything: it answered the last ping, or said that it goes away. */
export function hasReadAll(answer: string): boolean {
  const bytes = Buffer.from(answer, 'latin1');
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    const [type, flags] = [bytes[at + 3], bytes[at + 4]];
    if (type === FRAME.goAway || (type === FRAME.ping && flags === ACK)) return true;
  }
  return false;
}

/** The head, and what follows it. */
function requestBytes(request: RawHttp2Request, stream: number): [head: string, rest: string] {
  const { fields, data = [], trailers, pieces = 1, reset = false } = request;
  const open = data.length > 0 || trailers !== undefined;
  const block = fieldBlock(fields);
  const length = Math.ceil(block.length / pieces);
  const parts = Array.from({ length: pieces }, (_, at) => block.slice(at * length, (at + 1) * length));
  const head = parts.map((part, at) => {
    const last = at === parts.length - 1 ? END_HEADERS : 0;
    return at === 0
      ? frame(FRAME.headers, last | (open ? 0 : END_STREAM), stream, part)
      : frame(FRAME.continuation, last, stream, part);
  });
  const body = data.map((part, at) =>
    frame(FRAME.data, at === data.length - 1 && trailers === undefined ? END_STREAM : 0, stream, part),
  );
  const end = trailers ? frame(FRAME.headers, END_HEADERS | END_STREAM, stream, fieldBlock(trailers)) : '';
  const taken = reset ? frame(FRAME.reset, 0, stream, '\0\0\0\x08') : '';
  return [head.join(''), body.join('') + end + taken];
}
