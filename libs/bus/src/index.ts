export type { Ask } from './ask.js';
export { Bus } from './bus.js';
export { decode, encode } from './codec.js';
export type { BucketState, BusOptions, KeyEntry } from './bus.js';
export { forgetKeys, laggards, purgeKeys, purgeLogs } from './erase.js';
export { Follower } from './follower.js';
export type { FollowOptions, FollowedMessage, MessageHandler } from './follower.js';
export { decodeHubEvent, encodeHubEvent, hubEventType } from './hub-event.js';
export type { HubMessage } from './hub-event.js';
export { JetStreamTransport } from './jetstream.transport.js';
export { Renewal, joinAnswerSchema, joinOrRestore, renewAnswerSchema } from './join.js';
export type { JoinOptions, MemberId, Membership, RenewalOptions } from './join.js';
export { CALLER_TOKEN_ASK } from './messages/caller.messages.js';
export { CAP_ASK } from './messages/cap.messages.js';
export { CLOCK_ASK } from './messages/clock.messages.js';
export type { ClockAnswer } from './messages/clock.messages.js';
export type { CapAnswer, CapRequest } from './messages/cap.messages.js';
export { LOOK_ASK } from './messages/deployer.messages.js';
export { NOTICE_EVENTS } from './messages/notice.messages.js';
export {
  BILLING_CONSUMER,
  DEPLOYER_CONSUMER,
  agentPermissions,
  ensureClusterTopology,
  removeClusterTopology,
  ensureGatewayTopology,
  ensureHubTopology,
  gatewayPermissions,
  restartAgentConsumer,
  restartBillingConsumer,
  restartGatewayConsumer,
} from './topology.js';
export type { Permissions } from './topology.js';
export {
  AGENT_CONSUMER,
  CAP_QUEUE,
  CLUSTER_KEY,
  GPU_CLASSES_KEY,
  GATEWAYS_BUCKET,
  IDENTITY_QUEUE,
  CALLER_KEYS_KEY,
  ROUTES_MARK_KEY,
  ROUTES_BUCKET,
  STREAMS,
  buildKey,
  capSubject,
  CLOCK_QUEUE,
  clockSubject,
  gatewayConsumer,
  hubSubject,
  identitySubject,
  inboxPrefix,
  kvStream,
  kvSubject,
  logSubject,
  lookSubject,
  operationSubject,
  resyncSubject,
  hostOfRoute,
  routeKey,
  sealedKey,
  serviceKey,
  statusBucket,
  targetsBucket,
  instancesSubject,
  usageSubject,
} from './names.js';
export {
  buildStatusSchema,
  buildTargetSchema,
  clusterStatusSchema,
  gpuClassesSchema,
  gatewayStatusSchema,
  logBatchSchema,
  logEntrySchema,
  callerKeysSchema,
  routeSchema,
  routesMarkSchema,
  sealedSecretSchema,
  targetSchema,
  targetStatusSchema,
  usageBatchSchema,
  usageRecordSchema,
} from './messages/messages.js';
export type {
  BuildStatus,
  BuildTarget,
  ClusterStatus,
  GatewayStatus,
  LogEntry,
  SealedSecret,
  TargetStatus,
} from './messages/messages.js';
export {
  certificateAnswerSchema,
  certificateRequestSchema,
  peerCertificateAnswerSchema,
  peerCertificateRequestSchema,
  requestCertificate,
  requestPeerCertificate,
} from './certificate.js';
export type { PeerCertificateAnswer } from './certificate.js';
export { certificateRequest } from './certificate.request.js';
export { PEER_FILES, PeerCertificate } from './peer.certificate.js';
export type { PeerIdentity } from './peer.certificate.js';
export {
  INTERVALS_PER_MESSAGE,
  instanceBatchSchema,
  instanceIntervalSchema,
} from './messages/instance.messages.js';
export { PEOPLE_ASKS, signedInSchema } from './messages/people.messages.js';
export type { PeopleAnswer, PeopleRequest, PeopleVerb, SignedIn } from './messages/people.messages.js';
export { followLogs, readLogs } from './logs.js';
export type { LogQuestion } from './logs.js';
export { Resync } from './resync.js';
