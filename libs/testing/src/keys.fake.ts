import { decode, encode } from '#libs/bus';

/** What the bus calls the schema of a message. */
type Schema<T> = Parameters<typeof decode<T>>[0];

/** KV buckets in memory, behind the same calls as Bus: one sequence over all of them, compare and set. */
export class FakeKeys {
  private readonly buckets = new Map<string, Map<string, { bytes: Uint8Array; sequence: number }>>();
  private sequence = 0;
  /** How often `replaceKey` wrote. */
  writes = 0;

  getKey<T>(
    bucket: string,
    key: string,
    schema: Schema<T>,
  ): Promise<{ value: T; sequence: number } | undefined> {
    const entry = this.bucket(bucket).get(key);
    return Promise.resolve(entry && { value: decode(schema, entry.bytes), sequence: entry.sequence });
  }

  async replaceKey<T>(
    bucket: string,
    key: string,
    schema: Schema<T>,
    value: T,
    sequence: number | undefined,
  ): Promise<number | undefined> {
    if (this.bucket(bucket).get(key)?.sequence !== sequence) return undefined;
    this.writes += 1;
    return this.putKey(bucket, key, schema, value);
  }

  /** Writes whatever stands there: what agents and gateways do. */
  putKey<T>(bucket: string, key: string, schema: Schema<T>, value: T): Promise<number> {
    this.sequence += 1;
    this.bucket(bucket).set(key, { bytes: encode(schema, value), sequence: this.sequence });
    return Promise.resolve(this.sequence);
  }

  keys(bucket: string): string[] {
    return [...this.bucket(bucket).keys()].sort();
  }

  /** The last sequence of all: what a gateway that has read everything acknowledges. */
  get last(): number {
    return this.sequence;
  }

  /** Loses a bucket. */
  purge(bucket: string): void {
    this.buckets.delete(bucket);
  }

  private bucket(name: string): Map<string, { bytes: Uint8Array; sequence: number }> {
    const bucket = this.buckets.get(name) ?? new Map<string, { bytes: Uint8Array; sequence: number }>();
    this.buckets.set(name, bucket);
    return bucket;
  }
}
