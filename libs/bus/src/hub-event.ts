import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { HUB_EVENTS, TowpathError, type HubEventName } from '#libs/domain';
import { CloudEvent } from 'cloudevents';

const TYPE_PREFIX = 'dev.towpath.';
const SOURCE = '/towpath/outbox';

/** A hub event as it travels: a CloudEvent in binary mode (attributes as `ce-` headers); the subject is the key, the body its data. */
export interface HubMessage {
  /** The outbox row's id, also `Nats-Msg-Id`. */
  id: string;
  name: HubEventName;
  key: string;
  /** UTC ms of the write. */
  time: number;
}

/** The CloudEvents type of a hub event: what `@EventPattern` takes. */
export const hubEventType = (name: HubEventName): string => `${TYPE_PREFIX}${name}`;

/** @param message with `data` when it says more than its key */
export function encodeHubEvent(message: HubMessage & { data?: object }): {
  headers: MsgHdrs;
  body: Uint8Array;
} {
  // The SDK checks the attributes; it has no NATS binding, so the headers are set here (CloudEvents NATS binding 3.1).
  const event = new CloudEvent({
    id: message.id,
    type: hubEventType(message.name),
    source: SOURCE,
    subject: message.key,
    time: new Date(message.time).toISOString(),
  });
  const result = headers();
  for (const attribute of ['specversion', 'id', 'type', 'source', 'subject', 'time'] as const) {
    result.set(`ce-${attribute}`, String(event[attribute]));
  }
  if (message.data === undefined) return { headers: result, body: new Uint8Array() };
  // In binary mode the content type is a header of the protocol (CloudEvents NATS binding 3.1.1).
  result.set('content-type', 'application/json');
  return { headers: result, body: new TextEncoder().encode(JSON.stringify(message.data)) };
}

/** @throws TowpathError INVALID_ARGUMENT when the headers are no hub event of ours */
export function decodeHubEvent(headersIn: MsgHdrs | undefined): HubMessage {
  const read = (attribute: string): string => headersIn?.get(`ce-${attribute}`) ?? '';
  const name = read('type').slice(TYPE_PREFIX.length);
  if (!read('type').startsWith(TYPE_PREFIX) || !isHubEventName(name) || read('subject') === '') {
    throw new TowpathError('INVALID_ARGUMENT', `no hub event: type "${read('type')}"`);
  }
  return { id: read('id'), name, key: read('subject'), time: Date.parse(read('time')) };
}

function isHubEventName(name: string): name is HubEventName {
  return Object.hasOwn(HUB_EVENTS, name);
}
