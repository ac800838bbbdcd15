import path from 'node:path';
import { temporaryFolder } from '#libs/testing';
import { envoyVariant } from './envoy.slices.js';
import type { Edge } from './envoys.js';
import { Generator, startUpstream } from './load/processes.js';
import { pin, type Variant } from './protocol.js';

/** Starts an Envoy in a folder that leads to that port. */
export type StartEdge = (inside: string, upstream: number) => Promise<Edge>;

/** Envoys that take turns: they share core 0; what drives them, and what they lead to, has core 1. */
export class EnvoyBed {
  private readonly edges: Edge[] = [];

  private constructor(
    private readonly folder: ReturnType<typeof temporaryFolder>,
    /** Whether each has its core; runs are noisier where not. */
    private readonly isPinned: boolean,
    private readonly upstream: Awaited<ReturnType<typeof startUpstream>>,
    private readonly generator: Generator,
  ) {}

  static async start(): Promise<EnvoyBed> {
    const isPinned = pin(process.pid, 1);
    return new EnvoyBed(temporaryFolder(), isPinned, await startUpstream(), new Generator());
  }

  /** How a run is told. */
  about(what: string): string {
    return `${what}${this.isPinned ? '' : ', not pinned'}`;
  }

  /** @param logs whether its Envoy has a log, which is emptied after each slice */
  async variant(name: string, hosts: string[], start: StartEdge, logs = true): Promise<Variant> {
    const inside = path.join(this.folder.path, name.replaceAll(' ', '-'));
    const edge = await start(inside, this.upstream.port);
    this.edges.push(edge);
    for (const pid of [edge.pid, ...(edge.behind ?? [])]) pin(pid, 0);
    const log = logs ? { log: path.join(inside, 'envoy.log') } : {};
    return envoyVariant(name, edge, { generator: this.generator, hosts, ...log });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.edges.map((one) => one.stop()), this.generator.stop(), this.upstream.stop()]);
    this.folder.remove();
  }
}
