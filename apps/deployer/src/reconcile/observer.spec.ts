import { FakeKeys, FakeServiceRecords, SteppedClock, testCluster, testServiceRecords } from '#libs/testing';
import { Observer } from './observer.js';

/** Answers when nobody has asked for more since the last turn of the event loop, and counts how often that was. */
class SlowKeys extends FakeKeys {
  asked = 0;
  waves = 0;
  private next: Promise<void> | undefined;

  override async getKey<T>(
    ...of: Parameters<FakeKeys['getKey']>
  ): Promise<{ value: T; sequence: number } | undefined> {
    this.asked += 1;
    this.next ??= new Promise<void>((resolve) => {
      this.waves += 1;
      setImmediate(() => {
        this.next = undefined;
        resolve();
      });
    });
    await this.next;
    return super.getKey(...of) as Promise<{ value: T; sequence: number } | undefined>;
  }
}

describe('the observer', () => {
  it('asks for all that KV shows and reports of a service at once', async () => {
    const now = new SteppedClock().now();
    const [records, keys] = [new FakeServiceRecords(), new SlowKeys()];
    const standing = testServiceRecords(now, [testCluster(now)]);
    records.add(standing);
    const seen = await new Observer(
      records,
      keys,
      () => [],
      () => undefined,
    ).look(standing.service.id);
    expect(seen?.records.service.id).toBe(standing.service.id);
    expect({ several: keys.asked > 1, waves: keys.waves }).toEqual({ several: true, waves: 1 });
  });
});
