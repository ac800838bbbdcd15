import type {
  SecretReference,
  Access,
  Condition,
  OperationKind,
  OperationStep,
  Protocol,
  PublicError,
  Resources,
  Role,
  Rollout,
  TrafficTarget,
} from '#libs/domain';

/** JSON as REST sends it: times are RFC 3339, money and 64-bit numbers are strings and stay strings here. */

export interface ProjectRef {
  id: string;
  handle: string;
}

export interface ProjectView extends ProjectRef {
  name: string;
  createdAt: string;
  version: string;
}

export interface CallerTokenView {
  token: string;
  audience: string;
  expiresAt: string;
}

export interface KeyView {
  id: string;
  name: string;
  role: Role;
  projectId?: string;
  platformOperator: boolean;
  preview: string;
  createdAt: string;
  expiresAt?: string;
  revokedAt?: string;
  lastUsedAt?: string;
}

export interface WhoamiView {
  actor: { id: string; role: Role; platformOperator: boolean; projectId?: string };
  organization: { id: string; name: string };
  key?: KeyView;
  user?: { id: string; email: string };
  installation: { apiUrl: string; gatewayPort: number; gatewayTlsPort?: number; domain: string };
}

export interface UploadView {
  id: string;
  digest: string;
  size: string | number;
}

export type ConditionView = Omit<Condition, 'changedAt'> & { changedAt: string };
export type EnvView =
  | { name: string; value: string }
  | { name: string; secret: { name?: string; id?: string; version: number | 'latest' } };

export interface TemplateView {
  source?: { uploadId: string };
  image?: string;
  files?: { path: string; secret: SecretReference }[];
  volumes?: { name: string }[];
  sidecars?: { name: string; image: string; resources: { cpuMillis: number; memoryMiB: number } }[];
  env: EnvView[];
  resources: Resources;
  concurrency: number;
  timeoutSeconds: number;
  maxInstances: number;
  port: number;
  protocol: Protocol;
  command?: string[];
}

export type TrafficView = TrafficTarget & { url?: string };

export interface ServiceView {
  id: string;
  project: ProjectRef;
  name: string;
  access: Access;
  minInstances: number;
  regions?: string[];
  rollout?: Rollout;
  template: TemplateView;
  traffic: TrafficTarget[];
  generation: string | number;
  url?: string;
  latestCreatedRevision?: string;
  latestReadyRevision?: string;
  status: {
    observedGeneration: string | number;
    traffic: TrafficView[];
    placements?: string[];
    conditions: ConditionView[];
  };
  createdAt: string;
  updatedAt: string;
  version: string;
}

export type StepView = Omit<OperationStep, 'startedAt' | 'finishedAt'> & {
  startedAt?: string;
  finishedAt?: string;
};

export interface OperationView {
  id: string;
  project: ProjectRef;
  service: { id: string; name: string };
  kind: OperationKind;
  status: 'pending' | 'running' | 'succeeded' | 'failed';
  steps: StepView[];
  error?: PublicError;
  createdAt: string;
  finishedAt?: string;
  version: string;
}

export interface RevisionView {
  id: string;
  name: string;
  number: number;
  spec: Record<string, unknown> & { imageDigest?: string; env?: EnvView[] };
  status: { conditions: ConditionView[]; instances: number };
  createdAt: string;
}

export interface TrafficChangeView {
  number: number;
  actor: string;
  from: TrafficTarget[];
  to: TrafficTarget[];
  createdAt: string;
}

export interface LogView {
  time: string;
  stream: string;
  text: string;
  revision?: string;
  instance?: string;
  container?: string;
}

export interface SecretView {
  id: string;
  name: string;
  versions: { number: number; createdAt: string }[];
  createdAt: string;
}

export interface AuditView {
  id: string;
  time: string;
  actor: string;
  action: string;
  object: string;
  requestId?: string;
}

export interface UsageView {
  service: string;
  /** Absent where a request met no revision. */
  revision?: string;
  day: string;
  requests: string;
  blocks: string;
  billableMs: string;
  perRequestUnits: string;
}

export interface UsageRecordView {
  id: string;
  revision?: string;
  start: string;
  end: string;
  status: number;
  billable: boolean;
  notBillableReason?: string;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

export interface OwnMembershipView {
  id: string;
  name: string;
  role: Role;
}

export interface SignedInView {
  accessToken: string;
  accessExpiresAt: string;
  refreshToken: string;
  refreshExpiresAt: string;
  sessionId: string;
  user: { id: string; email: string };
  organization: OwnMembershipView;
  organizations: OwnMembershipView[];
}

export interface SessionView {
  id: string;
  organizationId: string;
  client: string;
  address: string;
  current: boolean;
  createdAt: string;
  lastUsedAt: string;
  expiresAt: string;
}

export interface NewDeviceView {
  deviceCode: string;
  userCode: string;
  expiresAt: string;
  intervalSeconds: number;
}

export interface PolledDeviceView {
  status: 'pending' | 'slow_down' | 'denied' | 'expired' | 'approved';
  intervalSeconds?: number;
  session?: SignedInView;
}

export interface DeviceView {
  code: string;
  status: 'pending' | 'approved' | 'denied' | 'used';
  client: string;
  address: string;
  createdAt: string;
  expiresAt: string;
}

export interface MemberView {
  id: string;
  email: string;
  role: Role;
  platformOperator: boolean;
  createdAt: string;
  version: string;
}

export interface InvitationView {
  id: string;
  email: string;
  role: Role;
  platformOperator: boolean;
  open: boolean;
  createdBy: string;
  createdAt: string;
  expiresAt: string;
  acceptedAt?: string;
  revokedAt?: string;
}
