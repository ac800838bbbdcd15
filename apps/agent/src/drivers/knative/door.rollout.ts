import type { KubeObject } from '#libs/kube';

/** The parts of a Kubernetes Deployment that the door's keeper reads. */
export interface Deployment extends KubeObject {
  spec: { replicas: number };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
  };
}

/** Whether all of it runs as it was last asked for, and nothing of before takes requests any more: it would cut them off. */
export function isRolledOut({ metadata, spec, status = {} }: Deployment): boolean {
  const { observedGeneration, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  return (
    observedGeneration === metadata.generation &&
    [replicas, updatedReplicas, readyReplicas].every((count) => count === spec.replicas)
  );
}
