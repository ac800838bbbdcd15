/** The parts of the API's answers that stories read. */

export interface OperationJson {
  id: string;
  kind: string;
  status: 'pending' | 'running' | 'succeeded' | 'failed';
  steps: { name: string; status: string; message: string }[];
  error?: {
    code: string;
    message: string;
    violations?: { field: string; message: string }[];
    nextStep?: string;
  };
}

export interface ServiceJson {
  id: string;
  name: string;
  access: string;
  url: string;
  version: string;
  latestCreatedRevision?: string;
  latestReadyRevision?: string;
  template: { env: { name: string; value?: string }[] };
  traffic: TrafficJson[];
  status: {
    traffic: TrafficJson[];
    placements?: string[];
    conditions: { type: string; status: string; message: string }[];
  };
}

export interface ClusterJson {
  id: string;
  name: string;
  region: string;
  joinedAt?: string;
  drain?: { total: number; left?: number; waiting?: { service: string; reason?: string }[] };
  conditions: { type: string; status: string; reason: string }[];
}

export interface TrafficJson {
  revision: string;
  percent: number;
  tag?: string;
  url?: string;
}

export interface RevisionJson {
  id: string;
  name: string;
  number: number;
  spec: { imageDigest: string; env: { name: string; value?: string }[]; concurrency: number };
  status: {
    instances: number;
    conditions: { type: string; status: string; reason: string; message: string }[];
  };
}

/** One row of usage; 64-bit numbers are strings. */
export interface UsageJson {
  service: string;
  revision: string;
  day: string;
  requests: string;
  blocks: string;
  billableMs: string;
  perRequestUnits: string;
}

export interface List<T> {
  items: T[];
  nextCursor?: string;
}
