import { join } from 'node:path';
import { compareVersions, isId, same, type Clock, type Id, type Target } from '#libs/domain';
import { targetSchema } from '#libs/bus';
import { Turns, crashPoint, type Logger } from '#libs/process';
import { z } from 'zod';
import { readIfThere, writeDurably } from '../files/durable.file.js';
import { MessageFolder } from '../files/message.folder.js';

/** A removed service is remembered this long, so that a late old target cannot revive it. */
const REMEMBER_REMOVED_MS = 7 * 24 * 3_600_000;

const removedSchema = z.array(
  z.object({
    serviceId: z.custom<Id<'svc'>>((v) => typeof v === 'string' && isId('svc', v)),
    generation: z.int(),
    epoch: z.int(),
    removedAt: z.int(),
  }),
);
/** The version of the tombstone that was carried out. */
export type RemovedTarget = z.infer<typeof removedSchema>[number];

/** What became of a target that arrived. */
export type Acceptance = 'stored' | 'same' | 'older' | 'contradicting';

/**
 * The last targets, in memory and on disk: what this agent holds on to while the hub is away. Absence removes
 * nothing; a lower (epoch, generation) is refused.
 */
export class TargetStore {
  private readonly targets = new Map<string, Target>();
  private removed: RemovedTarget[] = [];
  /** Each change looks at what the one before it left. */
  private readonly changes = new Turns();

  private constructor(
    private readonly folder: MessageFolder<Target>,
    private readonly removedFile: string,
    private readonly clock: Clock,
  ) {}

  static async open(dataDir: string, clock: Clock, logger: Logger): Promise<TargetStore> {
    const folder = new MessageFolder<Target>(join(dataDir, 'targets'), targetSchema, logger);
    const store = new TargetStore(folder, join(dataDir, 'removed.json'), clock);
    for (const [id, target] of await folder.load()) store.targets.set(id, target);
    const text = await readIfThere(store.removedFile);
    if (text !== undefined) store.removed = removedSchema.parse(JSON.parse(text));
    return store;
  }

  get(serviceId: Id<'svc'>): Target | undefined {
    return this.targets.get(serviceId);
  }

  all(): Target[] {
    return [...this.targets.values()];
  }

  removedTargets(): readonly RemovedTarget[] {
    return this.removed;
  }

  /** Whether its removal was carried out here, and nothing newer came. */
  wasRemoved(serviceId: Id<'svc'>): boolean {
    return !this.targets.has(serviceId) && this.removed.some((one) => one.serviceId === serviceId);
  }

  /** Whether nothing was ever stored here, or the disk was lost. */
  get empty(): boolean {
    return this.targets.size === 0 && this.removed.length === 0;
  }

  /** The highest epoch ever accepted (of what is still known), so that a restored hub can raise its own above it. */
  highestEpoch(): number {
    return [...this.targets.values(), ...this.removed].reduce((max, { epoch }) => Math.max(max, epoch), 0);
  }

  /** Stores a target that is newer than the one held; on disk before it resolves. */
  accept(target: Target): Promise<Acceptance> {
    return this.changes.take(() => this.store(target));
  }

  /** Books that nothing of the service is left: its version is remembered, its file goes. A newer target that came meanwhile stays. */
  forget(target: Target): Promise<void> {
    return this.changes.take(() => this.drop(target));
  }

  private async store(target: Target): Promise<Acceptance> {
    const id = target.service.id;
    const held = this.targets.get(id);
    const known = held ?? this.removed.find((removed) => removed.serviceId === id);
    const order = known ? compareVersions(target, known) : 1;
    if (order < 0) return 'older';
    if (order === 0) return held === undefined || same(held, target) ? 'same' : 'contradicting';
    await this.folder.write(id, target);
    crashPoint('agent.stored');
    this.targets.set(id, target);
    return 'stored';
  }

  private async drop(target: Target): Promise<void> {
    const serviceId = target.service.id;
    if (this.targets.get(serviceId) !== target) return;
    const now = this.clock.now();
    const { generation, epoch } = target;
    const removed = [
      ...this.removed.filter((r) => r.serviceId !== serviceId && now - r.removedAt < REMEMBER_REMOVED_MS),
      { serviceId, generation, epoch, removedAt: now },
    ];
    await writeDurably(this.removedFile, JSON.stringify(removed));
    this.removed = removed;
    await this.folder.remove(serviceId);
    this.targets.delete(serviceId);
  }
}
