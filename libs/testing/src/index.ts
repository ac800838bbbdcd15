export { CRASH_POINTS } from '#libs/process';
export { SteppedClock } from './clock.js';
export { seededRandom } from './random.js';
export { until } from './until.js';
export type { UntilOptions } from './until.js';
export { temporaryFolder, testEnvironment } from './environment.js';
export type { TemporaryFolder } from './environment.js';
export { settingsHandedOn } from './settings.js';
export { testDatabase } from './database.js';
export type { TestDatabase } from './database.js';
export { OwnServers } from './own-servers.js';
export type { ServerName } from './own-servers.js';
export { makeTenantKey } from './tenant-key.js';
export { testNats } from './nats.js';
export type { TestNats } from './nats.js';
export { FakeHttp } from './fake-http.js';
export { kubeconfigOf } from './kubeconfig.js';
export type { FakeReply, SeenRequest } from './fake-http.js';
export { startEnvoy } from './envoy.js';
export type { TestEnvoy, TestEnvoyOptions } from './envoy.js';
export { EARLY, WireRecorder, fieldsOf, readRequests, sendRaw, sendWhenAnswered } from './raw-http.js';
export type { RawAnswer, WireReading, WireRequest } from './raw-http.js';
export { hasReadAll, http2Parts } from './raw-http2.js';
export type { RawField, RawHttp2Request } from './raw-http2.js';
export { HIDDEN, smugglingCases, wrongOf } from './smuggling.js';
export type { Expected, RawCase } from './smuggling.js';
export { forgedTokens } from './forged-tokens.js';
export type { GoodToken } from './forged-tokens.js';
export { freePorts } from './ports.js';
export { makeUsedRevision, usageOf } from './used-revision.js';
export type { RevisionShape, UsedRevision } from './used-revision.js';
export { FakeAgent, imageOf } from './agent.fake.js';
export { FakeKeys } from './keys.fake.js';
export { TestAuthority } from './authority.js';
export { FakeServiceRecords } from './service-records.fake.js';
export {
  testCluster,
  testDigest,
  testId,
  testOperation,
  testServiceRecords,
  testUpload,
} from './service.factory.js';
