export { newId, isId, kubernetesName, ID_PREFIXES } from './id.js';
export type { Id, IdPrefix, Random } from './id.js';
export type { Clock } from './clock.js';
export { withCondition } from './condition.js';
export type { Condition } from './condition.js';
export { ERROR_CODES, TowpathError, refuseIfAny, toPublicError } from './error.js';
export type { ErrorCode, PublicError, Violation } from './error.js';
export type { Organization, Project } from './organization/organization.types.js';
export { PERMISSIONS, ROLES } from './access/access.types.js';
export type { Actor, ApiKey, Permission, Role } from './access/access.types.js';
export type { Secret, SecretVersion } from './secret/secret.types.js';
export type { Build, Digest, Upload } from './build/build.types.js';
export type { Cluster, Door, Gateway } from './cluster/cluster.types.js';
export type {
  Access,
  EnvEntry,
  PinnedEnvEntry,
  Protocol,
  Resources,
  Revision,
  RevisionSpec,
  RevisionStatus,
  Service,
  ServiceStatus,
  Template,
  TrafficChange,
  TrafficTarget,
} from './service/service.types.js';
export type { Placement, Route, RouteBackend, Target, TargetRevision } from './placement/placement.types.js';
export { OPERATION_KINDS, OPERATION_STEPS } from './operation/operation.types.js';
export type {
  Operation,
  OperationKind,
  OperationStep,
  OperationStepName,
} from './operation/operation.types.js';
export { HUB_EVENTS } from './event/event.types.js';
export type { HubEvent, HubEventName } from './event/event.types.js';
export type { Interval, UsageRecord } from './usage/usage.types.js';
export { BLOCK_MS } from './billing/billing.types.js';
export type { BillingModel, PriceItem, PricePlan } from './billing/billing.types.js';
