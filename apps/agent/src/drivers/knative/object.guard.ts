import { same } from '#libs/domain';
import { Reflector, keyOf, type Kind, type KubeClient, type KubeObject, type Where } from '#libs/kube';
import type { Logger } from '#libs/process';
import { firstDifference } from './drift.js';
import type { OnDrift } from './service.applier.js';

export interface GuardParts {
  client: KubeClient;
  kind: Kind;
  where: Where;
  /** Puts an object there, of which `seen` is what is there now, if known; gives what is there then. */
  write: (wanted: KubeObject, seen: KubeObject | undefined) => Promise<KubeObject>;
  onDrift: OnDrift;
  /** Told of every object that came, changed or went, by its key. */
  onChange: (key: string) => void;
  logger: Logger;
}

/** Objects of one kind that are watched: what is not as it was last asked for was changed by somebody else, which is told when it is set again. */
export class ObjectGuard {
  private readonly reflector: Reflector<KubeObject>;
  /** What the server answered to the last apply, until the watch knows more. */
  private readonly answered = new Map<string, KubeObject>();
  /** What was last asked for. */
  private readonly applied = new Map<string, KubeObject>();

  constructor(private readonly parts: GuardParts) {
    const { client, kind, where, logger, onChange } = parts;
    this.reflector = new Reflector<KubeObject>(client, kind, where, logger, {
      onChange: (key) => {
        this.answered.delete(key);
        onChange(key);
      },
    });
  }

  start(): void {
    this.reflector.start();
  }

  /** Resolves when what is there was seen once. */
  synced(): Promise<void> {
    return this.reflector.synced();
  }

  stop(): Promise<void> {
    return this.reflector.stop();
  }

  /** Resolves when the object is as it should be. */
  async keep(wanted: KubeObject): Promise<void> {
    const key = keyOf(wanted);
    const seen = this.answered.get(key) ?? this.reflector.get(key);
    const difference = seen === undefined ? 'absent' : firstDifference(wanted, seen);
    const there = await this.parts.write(wanted, seen);
    if (difference !== undefined) {
      this.answered.set(key, there);
      if (same(this.applied.get(key), wanted)) this.parts.onDrift(wanted.kind, key, difference);
    }
    this.applied.set(key, wanted);
  }

  /** Knows no more what was asked for in a namespace. */
  forget(namespace: string): void {
    for (const known of [this.answered, this.applied])
      for (const key of known.keys()) if (namespaceIn(key) === namespace) known.delete(key);
  }
}

/** Of an object's key; of a namespace its own name. */
export const namespaceIn = (key: string): string => key.split('/')[0] ?? key;
