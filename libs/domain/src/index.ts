export {
  ERASURE_SETTLES_MS,
  ERASURE_STEPS,
  advanceErasure,
  newErasure,
  nextErasureStep,
} from './organization/erasure.js';
export type {
  ErasedStore,
  Erasure,
  ErasureStep,
  ErasureStepName,
  StepProgress,
} from './organization/erasure.js';
export {
  isServing,
  mayBecome,
  mayReopen,
  type OrganizationStatus,
} from './organization/organization.lifecycle.js';
export { newId, newIdBehind, idTime, isId, kubernetesName, ID_PREFIXES } from './id.js';
export type { Id, IdPrefix, Random } from './id.js';
export type { Clock } from './clock.js';
export { FairLine, type FairLimits } from './fair-line.js';
export { LogBudget } from './access/log-budget.js';
export { TenantRate } from './access/tenant-rate.js';
export { canonical, same } from './canonical.js';
export { withCondition } from './condition.js';
export type { Condition } from './condition.js';
export { ERROR_CODES, TowpathError, refuseIfAny, toPublicError } from './error.js';
export type { ErrorCode, PublicError, Violation } from './error.js';
export { labelProblem, titleProblem, violationOf } from './name.js';
export {
  MAX_HANDLE,
  defaultHandle,
  handleProblem,
  projectNameProblem,
} from './organization/project.names.js';
export type { Organization, Project } from './organization/organization.types.js';
export { PERMISSIONS, ROLES } from './access/access.types.js';
export type { Actor, ApiKey, Permission, Role } from './access/access.types.js';
export { GRANT_ROLES, GRANT_SECONDS, OUTLIVES_A_GRANT } from './access/grant.js';
export type { GrantRole, OperatorGrant } from './access/grant.js';
export {
  OPERATOR_PERMISSIONS,
  ORGANIZATION_WIDE,
  ROLE_PERMISSIONS,
  can,
  isOperator,
  isPermission,
  mayGrant,
  sees,
} from './access/permissions.js';
export type { Thing } from './access/permissions.js';
export { API_AUDIENCE, CALLER_TOKEN, TOKEN_ALGORITHM, TOKEN_ISSUER } from './access/access-token.js';
export { TOKEN_BYTES, TOKEN_PREFIXES, formatToken, isToken } from './access/token-text.js';
export type { TokenKind } from './access/token-text.js';
export { MAX_EMAIL, emailProblem, normalEmail } from './access/email.js';
export { PASSWORD, normalPassword, passwordProblem } from './access/password.js';
export { RATES, judgeRate } from './access/rate.rules.js';
export type { Rate, RateName, RateVerdict } from './access/rate.rules.js';
export { SESSION, judgeRefresh } from './access/session.rules.js';
export type { ShownRefresh } from './access/session.rules.js';
export { DEVICE, judgePoll, newUserCode, readUserCode } from './access/device.rules.js';
export type { DevicePoll } from './access/device.rules.js';
export {
  INVITATION_LIFE_MS,
  chooseOrganization,
  isLastOwner,
  isOpen,
  mayManage,
} from './access/member.rules.js';
export type { Rights } from './access/member.rules.js';
export type { DeviceRequest, Invitation, Member, Origin, Session, User } from './access/people.types.js';
export { API_KEY_BYTES, API_KEY_PREFIX, apiKeyPreview, formatApiKey, isApiKey } from './access/api-key.js';
export { MAX_SECRET_BYTES, secretNameProblem, validateSecretValue } from './secret/secret.validation.js';
export type { Secret, SecretVersion } from './secret/secret.types.js';
export type { Build, Digest, Upload } from './build/build.types.js';
export {
  DEFAULT_REGISTRY,
  imageReferenceProblem,
  parseImageReference,
  pinnedImage,
} from './build/image-reference.js';
export type { ImageReference } from './build/image-reference.js';
export type {
  Cluster,
  ClusterFacts,
  ClusterPriceText,
  Door,
  Gateway,
  GpuPool,
  GpuSupply,
} from './cluster/cluster.types.js';
export {
  BUILDER,
  CONTAINERS,
  SIDECARS,
  SIDECAR_FILES,
  LIVE_MS,
  SUSPECT_MS,
  chooseBuilder,
  isLive,
  isSuspect,
  isUsable,
} from './cluster/cluster.rules.js';
export { clusterConditions } from './cluster/cluster.lifecycle.js';
export {
  ACCELERATOR,
  GPU_LIMITS,
  GPU_RESOURCE,
  GPUS,
  keyProblem,
  labelValueProblem,
  lacksGpus,
  resourceProblem,
  supplyOf,
  validateGpuClass,
} from './cluster/gpu-class.js';
export { RUNTIME_TIERS, SANDBOXED, type RuntimeTier } from './cluster/runtime-tier.js';
export type { GpuClass, GpuNodes, OfferedGpus, Toleration } from './cluster/gpu-class.js';
export { JOIN_TOKEN_BYTES, JOIN_TOKEN_LIFE_MS, formatJoinToken, isJoinToken } from './cluster/join-token.js';
export type {
  Access,
  EnvEntry,
  PinnedEnvEntry,
  PinnedSecret,
  PinnedSidecar,
  Protocol,
  Resources,
  Revision,
  PlacementVerdict,
  RevisionSpec,
  RevisionStatus,
  SecretFile,
  Rollout,
  SecretReference,
  Sidecar,
  Service,
  ServiceStatus,
  Template,
  TrafficChange,
  TrafficTarget,
} from './service/service.types.js';
export { PULL_SECRETS, ROLLOUT, ROLLOUTS } from './service/service.types.js';
export { CALM, decideScale, scalingRules, windowMean } from './service/scaling.js';
export type { ScalingDecision, ScalingRules, ScalingSample, ScalingState } from './service/scaling.js';
export type { PeerSide, PublicOrigin } from './service/service.names.js';
export { certificateName, certificateNameProblem, coveringNames } from './service/certificate.names.js';
export {
  LATEST,
  MAX_TAG_AND_SERVICE,
  DOORS_DOMAIN,
  GATEWAYS_DOMAIN,
  INTERNAL_DOMAIN,
  peerName,
  revisionHost,
  revisionTag,
  revisionName,
  revisionSuffixProblem,
  serviceHost,
  serviceNameProblem,
  serviceAudience,
  serviceUrl,
  tagLengthProblem,
  tagProblem,
} from './service/service.names.js';
export {
  BOUNDS,
  DEFAULT_TRAFFIC,
  LIMITS,
  RESERVED_PORTS,
  SERVICE_DEFAULTS,
  TEMPLATE_DEFAULTS,
  initialServiceStatus,
} from './service/service.defaults.js';
export {
  SERVICE_CONDITIONS,
  SERVICE_REASONS,
  readyCondition,
  serviceCondition,
} from './service/service.lifecycle.js';
export type { ServiceConditionType, ServiceReason } from './service/service.lifecycle.js';
export { CONTAINER_BOUNDS, CONTAINER_LIMITS, PROBE_TYPES } from './service/container.types.js';
export type { ContainerOptions, Probe, Probes, Volume } from './service/container.types.js';
export {
  containerFields,
  folderOf,
  pinSecret,
  pinnedSecrets,
  secretReferences,
} from './service/container.rules.js';
export { checkGpuQuota, gpusHeld, validateGpuUse } from './service/gpu.validation.js';
export type { GpuUse } from './service/gpu.validation.js';
export {
  GIVE_WAY_MS,
  GPUS_TAKEN,
  GPU_NODES_FULL,
  GPU_NODES_SMALL,
  rolloutOf,
} from './placement/rollout.rules.js';
export type { RollingRevision, RolloutPlace } from './placement/rollout.rules.js';
export { canRun, neededCapabilities, type GpusServed } from './placement/cluster.fit.js';
export { envNameProblem } from './service/env.validation.js';
export { validateService, validateTemplate } from './service/service.validation.js';
export type { ServiceIntent } from './service/service.validation.js';
export { missingRevisions, validateTraffic } from './service/traffic.validation.js';
export { followsLatest, pinLatest, sameTraffic, tagLatest } from './service/traffic.rules.js';
export { patchEnv, type EnvPatch, type Patch } from './service/env.patch.js';
export { newTemplate, patchService, patchTemplate, sameTemplate } from './service/service.patch.js';
export type { ServicePatch, TemplatePatch } from './service/service.patch.js';
export { askedImages, instanceResources, type AskedImage } from './service/sidecar.rules.js';
export { SERVING_CONTAINER, SIDECAR_LIMITS, SIDECAR_PROBE_KINDS } from './service/sidecar.types.js';
export type { SidecarOptions, SidecarProbe, VolumeMount } from './service/sidecar.types.js';
export { REQUEST_HEADERS } from './placement/request-headers.js';
export { PATIENCE_MS, regionsWithout, place, stableHash } from './placement/placement.rules.js';
export type { Home, PlacementNeed, RevisionNeed } from './placement/placement.rules.js';
export { REMOVAL_COUNT, REMOVAL_SHARE, mayRemoveDerived } from './placement/removal-guard.js';
export {
  REVISION_READY,
  ROUTE_COMING,
  STARTING,
  foldReady,
  reported,
  reportedInstances,
  reportedReady,
  standingOf,
} from './placement/readiness.rules.js';
export type { Holding, Standing } from './placement/readiness.rules.js';
export { deletedRoute, desiredRoutes, nextRoute } from './placement/route.rules.js';
export type { RouteBody, RouteQuestion } from './placement/route.rules.js';
export { resolveSplit } from './placement/split.rules.js';
export type { SplitAnswer, SplitQuestion } from './placement/split.rules.js';
export {
  KEPT_AFTER_SERVING,
  compareVersions,
  heldRevisions,
  isCurrent,
  nextTarget,
  keptHost,
  targetRevision,
} from './placement/target.rules.js';
export type { TargetBody } from './placement/target.rules.js';
export type {
  Placement,
  Route,
  RouteBackend,
  RouteDoor,
  SplitLine,
  Target,
  TargetReport,
  TargetRevision,
} from './placement/placement.types.js';
export { advanceOperation, failOperation } from './operation/operation.lifecycle.js';
export type { StepFact } from './operation/operation.lifecycle.js';
export { STEP_DEADLINES_MS, makesRevision, plannedSteps } from './operation/operation.plan.js';
export { OPERATION_KINDS, OPERATION_STEPS } from './operation/operation.types.js';
export type {
  Operation,
  OperationKind,
  OperationStep,
  OperationStepName,
} from './operation/operation.types.js';
export { HUB_EVENTS } from './event/event.types.js';
export type { HubEvent, HubEventName } from './event/event.types.js';
export { usageInterval } from './usage/usage-interval.js';
export { lengthOf, partInterval, unionOf } from './usage/interval.js';
export { BUILD_PATIENCE_MS, isLostBuild, lostBuild } from './usage/build.lost.js';
export { LONGEST_BUILD_MS, billableBuild } from './usage/build.time.js';
export type { EndedBuild } from './usage/build.time.js';
export {
  LONGEST_COLD_MS,
  MAX_INSTANCE_MS,
  coldByHub,
  intervalQuarantineReason,
} from './usage/instance.interval.js';
export type { ColdSpan, HeldUntil, InstanceInterval } from './usage/instance.interval.js';
export { whyNotBillable } from './usage/billable.js';
export type { NotBillableReason } from './usage/billable.js';
export {
  MAX_AHEAD_MS,
  MAX_OVER_TIMEOUT_MS,
  MAX_RECORD_MS,
  QUARANTINE_REASONS,
  RELEASABLE,
  quarantineReason,
  releaseRefusal,
} from './usage/usage.validation.js';
export type { QuarantineReason, UsageContext } from './usage/usage.validation.js';
export type { Interval, UsageRecord } from './usage/usage.types.js';
export {
  add,
  compare,
  decimalOf,
  divideExactly,
  exactDecimal,
  formatDecimal,
  hasFiniteReciprocal,
  multiply,
  parseDecimal,
  roundHalfUp,
  sum,
} from './price/decimal.js';
export type { Decimal } from './price/decimal.js';
export {
  NOTHING,
  compareRatios,
  decimalOver,
  formatRatio,
  minus,
  parseRatio,
  ratioOf,
  roundRatio,
  total,
} from './price/ratio.js';
export type { Ratio } from './price/ratio.js';
export type {
  BillingModel,
  Factor,
  Fee,
  Grant,
  InstanceState,
  Measure,
  Multiplier,
  PriceItem,
  PricePlan,
  PriceZone,
  Tier,
} from './price/plan.types.js';
export { BUILTIN_DOCUMENTS, BUILTIN_PLAN, BUILTIN_PLANS } from './price/builtin.plans.js';
export { parsePricePlan } from './price/plan.validation.js';
export { nextVersion, parsePriceSchedule, planAt } from './price/schedule.js';
export type { PriceSchedule } from './price/schedule.js';
export { hasGpuPrice } from './price/gpu.price.js';
export { DEFAULT_ZONE, priceZoneOf, rezones, zoneSpans, zonesBeside, type ZoneSpan } from './price/zones.js';
export {
  BLOCK_MS,
  capacityOf,
  changesOf,
  mergeChanges,
  sweepBlocks,
  unitsOfRequest,
} from './rating/blocks.js';
export type { Change, Sweep } from './rating/blocks.js';
export type { Capacity, OpenBlocks } from './rating/block.sweep.js';
export { blockShares } from './rating/block.shares.js';
export type { Busy, Opened } from './rating/block.shares.js';
export { meterKey, metersOf } from './rating/meters.js';
export type { Meter, Quantities } from './rating/meters.js';
export { priceUsage, underModel } from './rating/pricing.js';
export type { PricedLine, Size, Usage } from './rating/pricing.js';
export { chargeMonth, sumCharges } from './rating/charges.js';
export type { Adjustment, Charge, MonthPart } from './rating/charges.js';
export { parseUsageEntry } from './rating/usage.entry.js';
export type { UsageEntry } from './rating/usage.entry.js';
export { UsageFold } from './rating/usage.fold.js';
export type { FoldCounts, FoldedUsage, Held } from './rating/usage.fold.js';
export { correctionsOf } from './rating/corrections.js';
export type { Correction } from './rating/corrections.js';
export { rateUsage } from './rating/rating.js';
export type { RatedCharge, RatedLine, RatedMonth, Rating } from './rating/rating.js';
export {
  SHARDS,
  WINDOW_MS,
  shardOf,
  windowAfter,
  windowBefore,
  windowSpan,
  windowStart,
  windowsOf,
} from './billing/window.js';
export type { WindowKey } from './billing/window.js';
export type { BilledSize, UsageDay } from './billing/billing.types.js';
export { factsOf, foldRecords, foldWindow, NOTHING_OPEN, sameEnds } from './billing/fold.js';
export type {
  BillingWindow,
  ReadyOf,
  WindowCounts,
  WindowEnds,
  WindowFacts,
  WindowShape,
} from './billing/fold.js';
export type { StreamPart, Waited } from './billing/window.demand.js';
export { tallyOf } from './billing/window.tally.js';
export { stretchesOf } from './billing/instance.time.js';
export type { Running, Stretch } from './billing/instance.time.js';
export { carriedFrom, windowsAfter, windowsBefore } from './billing/handover.js';
export type { ZonedPlans } from './billing/handover.js';
export { instanceSharesOf } from './billing/instance.shares.js';
export type { InstanceShare } from './billing/instance.shares.js';
export { sharesOfWindow } from './billing/window.shares.js';
export type { RequestShare, WindowRecord } from './billing/window.shares.js';
export { explainedLine } from './billing/line.explanation.js';
export type { ExplainedCharge, ExplainedFee, ExplainedLine, StatedLine } from './billing/line.explanation.js';
export {
  costLines,
  costTotals,
  namedAdjustments,
  usageOfBuild,
  usageOfShare,
} from './billing/request.cost.js';
export type { CostLine, NamedAdjustment, PlannedUsage } from './billing/request.cost.js';
export { billItems, billOf } from './billing/bill.js';
export {
  countIn,
  countOf,
  instanceMeterOf,
  countsFor,
  countedUsage,
  extraMeters,
  factsFor,
  oncePerPlan,
  isOfInstances,
  needsBuilds,
  needsInstances,
  refuseUncounted,
  sumMetered,
} from './billing/counted.usage.js';
export type { WindowCount } from './billing/counted.usage.js';
export { billPeriods, planChanges, planInForce } from './billing/bill.periods.js';
export type { BillPeriod, PlanChange } from './billing/bill.periods.js';
export { STANDARD_TERMS, percentProblem, termsAt } from './billing/terms.js';
export type { BillingTerms, TaxLine } from './billing/terms.js';
export type { Buyer } from './billing/buyer.js';
export { CREDIT_KINDS, leftOf, useCredits } from './billing/credit.js';
export type { Credit, CreditKind, CreditUse } from './billing/credit.js';
export type { InvoicedAdjustment } from './billing/adjustment.js';
export type { BillCredit, BillTax, Settlement } from './billing/settlement.js';
export { correctionsOfInvoice, creditNoteOf, hoursText, invoiceOf } from './billing/invoice.js';
export type { InvoiceCorrection } from './billing/correction.js';
export type { Invoice, InvoiceHead, InvoiceLine } from './billing/invoice.js';
export { invoiceCsv } from './billing/invoice.csv.js';
export { invoiceHtml, invoicePage } from './billing/invoice.page.js';
export { invoicePdf } from './billing/invoice.pdf.js';
export type { InvoicePage } from './billing/invoice.page.js';
export { FOCUS_COLUMNS, focusCsv, focusRows } from './billing/focus.js';
export type { FocusColumn, FocusRow } from './billing/focus.js';
export { focusProblems } from './billing/focus.rules.js';
export { monthOf, monthParts, monthSpan } from './month.js';
export type { Bill, BillItem, BillLine, BillPart, BillTerms, BillTotal } from './billing/bill.js';
export type { CountedUsage } from './billing/counted.usage.js';
export {
  BUDGET,
  DEFAULT_THRESHOLDS,
  budgetAmountProblem,
  forecastOf,
  paceOf,
  reachedThresholds,
  spentOf,
  thresholdViolations,
} from './billing/budget.rules.js';
export { UNPAID, statusByDebt } from './billing/overdue.rules.js';
export type { Overdue } from './billing/overdue.rules.js';
export { CapAccount } from './billing/cap.account.js';
export type { RequestSource } from './billing/cap.account.js';
export {
  allowanceOf,
  capBelow,
  capConflict,
  capLeft,
  isCapReached,
  mayStayPermitted,
  permitSize,
  uncappable,
} from './billing/cap.rules.js';
export type { AllowanceWish, PermitRoom } from './billing/cap.rules.js';
export {
  capAmount,
  capMoney,
  capPriceOf,
  costAtMost,
  dearestOf,
  longestMs,
  pricesInstances,
  worstBuild,
  worstCost,
  worstInstances,
} from './billing/cap.price.js';
export type { RunTime } from './billing/cap.price.js';
export { paidUntil } from './billing/cap.growth.js';
export type { CapRoom, InstanceGrowth } from './billing/cap.growth.js';
export type { Cap, CapMoney, CapPrice, CapReason, CapStanding, CappedBuild } from './billing/cap.types.js';
export { capConflicts, firstNewConflict } from './billing/cap.conflicts.js';
export type { TermsChange } from './billing/cap.conflicts.js';
export {
  billedByService,
  clusterPriceProblem,
  marginOf,
  marginsByCluster,
  secondsOf,
} from './billing/margin.js';
export type { BilledTime, ClusterMargin, ClusterPrice, InstanceTime } from './billing/margin.js';
export { BUDGET_BASES } from './billing/budget.types.js';
export type { Budget, BudgetBasis, BudgetScope, BudgetState, Threshold } from './billing/budget.types.js';
export { LEDGER_ACCOUNTS } from './ledger/ledger.types.js';
export type {
  EntryKind,
  Hash,
  LedgerAccount,
  LedgerEntry,
  LedgerLine,
  LineKey,
  Posting,
  Seal,
  SealKind,
  LedgerDay,
  SignedDay,
  SignedSeal,
} from './ledger/ledger.types.js';
export {
  DEFAULT_GRACE_MS,
  DEFAULT_PATIENCE_MS,
  LEDGER_WINDOW_MS,
  closingOf,
  ledgerWindowOf,
  ledgerWindowState,
  watermarkOf,
} from './ledger/ledger.window.js';
export type { Closing, ClosingTime, LedgerWindowState, Producer } from './ledger/ledger.window.js';
export { differenceOf, inForceAt, linesOf } from './ledger/ledger.lines.js';
export type { PlanInForce, PlansInForce, WindowUsage } from './ledger/ledger.lines.js';
export { balanced, balancesOf, entryOfLines, owing } from './ledger/ledger.entries.js';
export {
  creditKey,
  entryOfAdjustment,
  entryOfCredit,
  entryOfCreditEnd,
  entryOfInvoice,
  entryOfPayment,
} from './ledger/ledger.invoices.js';
export type { NewEntry } from './ledger/ledger.entries.js';
export {
  chainedRow,
  dayHash,
  dayOfInstant,
  dayRow,
  endRow,
  entryRow,
  headRow,
  hexOf,
  lineRow,
  merkleRoot,
  sealHash,
  sealRow,
  textBytes,
} from './ledger/ledger.seal.js';
export { LedgerVerifier } from './ledger/ledger.verification.js';
export type { CheckSignature, LedgerReport } from './ledger/ledger.verification.js';
export type { LedgerRow } from './ledger/ledger.seal.js';
export { isPublicAddress } from './notice/public-address.js';
export { WEBHOOK, judgeAttempt, signedContent, webhookUrlProblem } from './notice/webhook.rules.js';
export type { WebhookReach } from './notice/webhook.rules.js';
export type { Attempt, Delivery, Webhook } from './notice/webhook.types.js';
export { NOTICE_KEPT_MS, NOTICE_TYPES } from './notice/notice.types.js';
export type { Notice, NoticeData, NoticeType } from './notice/notice.types.js';
