import {
  ROUTES_BUCKET,
  buildKey,
  buildTargetSchema,
  routeKey,
  routeSchema,
  serviceKey,
  targetSchema,
  targetsBucket,
  type BuildTarget,
} from '#libs/bus';
import { compareVersions, same } from '#libs/domain';
import type { Build, Route, Target } from '#libs/domain';
import { crashPoint } from '#libs/process';
import { StaleWrite } from '#libs/store';
import type { z } from 'zod';
import type { Draft } from '../reconcile/draft.js';
import type { Keys } from '../reconcile/ports.js';
import type { Shown } from '../reconcile/seen.js';
import type { SecretSealer } from './secret-sealer.js';

/**
 * Shows rows to agents and gateways: KV is made equal to the rows by compare and set, and never to a lower version
 * than it shows. Written only where it differs, so a pass at rest writes nothing.
 */
export class Projection {
  constructor(
    private readonly keys: Keys,
    private readonly sealer: SecretSealer,
  ) {}

  /** Returns how many keys were written. Secrets go first: a target must find what it refers to. */
  async show(draft: Draft): Promise<number> {
    let written = await this.showBuild(draft);
    // of a deleted service only tombstones: clusters keep what they hold until then, or have dropped it already
    const isDeleted = draft.service.deletedAt !== undefined;
    for (const { target } of draft.targets.filter((record) => !isDeleted || record.target.tombstone)) {
      written += await this.sealer.seal(target, draft.records.clusters);
      written += await this.showTarget(draft, target);
    }
    for (const route of draft.routes) written += await this.showRoute(draft, route);
    return written;
  }

  private async showBuild({ build, seen }: Draft): Promise<number> {
    if (build?.clusterId === undefined || build.finishedAt !== undefined || seen.shownBuild) return 0;
    return this.write(
      targetsBucket(build.clusterId),
      buildKey(build.id),
      buildTargetSchema,
      messageOf(build),
      undefined,
    );
  }

  private async showTarget({ seen }: Draft, target: Target): Promise<number> {
    const shown = seen.shownTargets.get(target.clusterId);
    if (shown && compareVersions(shown.value, target) > 0) throw new StaleWrite('what agents are shown');
    const bucket = targetsBucket(target.clusterId);
    return this.write(bucket, serviceKey(target.service.id), targetSchema, target, shown);
  }

  private async showRoute({ seen }: Draft, route: Route): Promise<number> {
    const shown = seen.shownRoutes.get(route.host);
    if (shown && shown.value.version > route.version) throw new StaleWrite('what gateways are shown');
    return this.write(ROUTES_BUCKET, routeKey(route.host), routeSchema, route, shown);
  }

  private async write<T>(
    bucket: string,
    key: string,
    schema: z.ZodType<T>,
    value: T,
    shown: Shown<T> | undefined,
  ): Promise<number> {
    if (shown && same(shown.value, value)) return 0;
    const sequence = await this.keys.replaceKey(bucket, key, schema, value, shown?.sequence);
    if (sequence === undefined) throw new StaleWrite(`key ${key}`);
    crashPoint('deployer.shown');
    return 1;
  }
}

function messageOf({ id, organizationId, serviceId, uploadDigest }: Build): BuildTarget {
  return { schemaVersion: 1, buildId: id, organizationId, serviceId, uploadDigest };
}
