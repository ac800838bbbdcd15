import {
  INTERVALS_PER_MESSAGE,
  instanceIntervalSchema,
  usageRecordSchema,
  type FollowedMessage,
} from '#libs/bus';
import type { InstanceInterval, UsageRecord } from '#libs/domain';
import { z } from 'zod';
import type { QuarantinedUsage } from '#libs/store';

/** What a message held. */
export interface ReadMessage<T> {
  /** Who sent it, from the subject (its credentials allow no other). */
  sender: string;
  /** The message's place in the stream. */
  sequence: number;
  records: T[];
  /** What is no record, each with a place of its own so that it is found again. */
  malformed: QuarantinedUsage[];
}

/** Of stream USAGE; the sender is a gateway. */
export type UsageMessage = ReadMessage<UsageRecord>;
/** Of stream INSTANCES; the sender is the agent of a cluster. */
export type InstanceMessage = ReadMessage<InstanceInterval>;

// Record by record, so that one bad record takes no good one with it.
const envelope = { schemaVersion: z.literal(1) };
const usageEnvelope = z.object({ ...envelope, records: z.array(z.unknown()) });
/** What is longer than agents send is one bad message, not a row of quarantine for each of its items. */
const instanceEnvelope = z.object({
  ...envelope,
  intervals: z.array(z.unknown()).max(INTERVALS_PER_MESSAGE),
});

/** Reads a message; whatever it holds, nothing of it is thrown away. */
export function readUsageMessage(message: FollowedMessage): UsageMessage {
  return readItems(
    message,
    usageEnvelope.transform(({ records }) => records),
    usageRecordSchema,
  );
}

/** The same of intervals of instances. */
export function readInstanceMessage(message: FollowedMessage): InstanceMessage {
  return readItems(
    message,
    instanceEnvelope.transform(({ intervals }) => intervals),
    instanceIntervalSchema,
  );
}

function readItems<T>(
  { subject, sequence, data }: FollowedMessage,
  envelopeOf: z.ZodType<unknown[]>,
  itemOf: z.ZodType<T>,
): ReadMessage<T> {
  const sender = subject.slice(subject.indexOf('.') + 1);
  const malformed = (body: unknown): QuarantinedUsage => ({
    producer: subject,
    position: sequence,
    reason: 'malformed',
    body,
  });
  const text = new TextDecoder().decode(data);
  const envelope = envelopeOf.safeParse(parseJson(text));
  if (!envelope.success) return { sender, sequence, records: [], malformed: [malformed(text)] };
  const message: ReadMessage<T> = { sender, sequence, records: [], malformed: [] };
  for (const item of envelope.data) {
    const record = itemOf.safeParse(item);
    if (record.success) message.records.push(record.data);
    else message.malformed.push(malformed(item));
  }
  return message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
