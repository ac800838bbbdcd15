import { usageRecordSchema, type FollowedMessage } from '#libs/bus';
import type { UsageRecord } from '#libs/domain';
import { z } from 'zod';
import type { QuarantinedUsage } from '#libs/store';

/** What a message on stream USAGE held. */
export interface UsageMessage {
  /** The gateway that sent it, from the subject (its credentials allow no other). */
  sender: string;
  /** The message's place in the stream. */
  sequence: number;
  records: UsageRecord[];
  /** What is no usage record, each with a place of its own so that it is found again. */
  malformed: QuarantinedUsage[];
}

// Record by record, so that one bad record takes no good one with it.
const envelopeSchema = z.object({ schemaVersion: z.literal(1), records: z.array(z.unknown()) });

/** Reads a message; whatever it holds, nothing of it is thrown away. */
export function readUsageMessage({ subject, sequence, data }: FollowedMessage): UsageMessage {
  const sender = subject.slice(subject.indexOf('.') + 1);
  const malformed = (body: unknown): QuarantinedUsage => ({
    producer: subject,
    position: sequence,
    reason: 'malformed',
    body,
  });
  const text = new TextDecoder().decode(data);
  const envelope = envelopeSchema.safeParse(parseJson(text));
  if (!envelope.success) return { sender, sequence, records: [], malformed: [malformed(text)] };
  const message: UsageMessage = { sender, sequence, records: [], malformed: [] };
  for (const item of envelope.data.records) {
    const record = usageRecordSchema.safeParse(item);
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
