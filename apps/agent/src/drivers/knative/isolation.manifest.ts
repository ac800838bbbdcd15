import type { RuntimeTier, TargetRevision } from '#libs/domain';
import type { KnativeService } from './knative.types.js';

/** What stands between the containers of a revision and their node. */
export interface Isolation {
  /** Absent: the cluster's own runtime. */
  runtimeClass: string | undefined;
  /** Whether the cluster refuses to run an image as root. */
  runAsNonRoot: boolean;
}

/** Root needs a kernel of its own. What was made before there were tiers may be anybody, wherever it is made again. */
export function isolationOf(
  { runtimeTier }: TargetRevision,
  { runtimeClasses }: { runtimeClasses: Partial<Record<RuntimeTier, string>> },
): Isolation {
  return {
    runtimeClass: runtimeClasses[runtimeTier ?? 'standard'],
    runAsNonRoot: runtimeTier === 'standard',
  };
}

/** What a revision was made with, which it keeps: Knative refuses another template under the same name. */
export function madeWith({ spec }: KnativeService): Isolation {
  const { runtimeClassName, containers = [] } = spec.template.spec ?? {};
  return {
    runtimeClass: runtimeClassName,
    runAsNonRoot: containers.some(({ securityContext }) => securityContext?.runAsNonRoot === true),
  };
}

/** The fields of Pod Security `restricted`, but for the user where root is allowed. */
export function securityContextOf({ runAsNonRoot }: Isolation): Record<string, unknown> {
  return {
    ...(runAsNonRoot ? { runAsNonRoot } : {}),
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
}
