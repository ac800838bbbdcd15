export { Database, isUniqueViolation } from './database.js';
export type { DatabaseOptions } from './database.js';
export { Tx, statement } from './statement.js';
export type { Statement } from './statement.js';
export { migrate } from './migrate.js';
export type { MigrateOptions } from './migrate.js';
export {
  OUTBOX_KEPT_MS,
  dropSent,
  highestSequence,
  markSent,
  refillAfter,
  takeUnsent,
  writeOutbox,
  writeServicesChanged,
} from './outbox.store.js';
export type { NewOutboxRow, UnsentRow } from './outbox.store.js';
export { LeaseKeeper, whileHeld } from './lease.keeper.js';
export type { LeaseNews, LeaseParts } from './lease.keeper.js';
export { LeaseLost, LeasedTx, acquireLease, underLease } from './lease.store.js';
export type { Lease } from './lease.store.js';
export {
  budgetedOrganizations,
  budgetsOf,
  deleteBudget,
  findBudget,
  insertAlerts,
  insertBudget,
  listBudgets,
  saveBudgetStates,
  updateBudget,
} from './budget.store.js';
export type { StoredBudget } from './budget.store.js';
export {
  cappedOrganizations,
  deleteCap,
  dropAllowance,
  findAllowances,
  findCap,
  findRevisionSizes,
  findServed,
  isDirtyBefore,
  lockCap,
  longestTimeout,
  markCap,
  saidRecords,
  saveAllowance,
  saveCap,
} from './cap.store.js';
export type { Allowance, RecordName, ServedRevision, SizedRevision, StoredCap } from './cap.store.js';
export { STOPPING_MS, countOpenBuilds, findCapUse, refuseBuild } from './cap.use.js';
export type { CapUse } from './cap.use.js';
export { findWaitedWindows, storeColdStarts } from './cold-start.store.js';
export type { StoredColdStart } from './cold-start.store.js';
export { findHoldings, lockIntervals, storeIntervals } from './instance-interval.store.js';
export type { CheckedInterval, GrownInterval, StoredIntervals } from './instance-interval.store.js';
export { findInstanceTime, saveClusterPrice } from './instance-time.store.js';
export type { StoredInstanceTime } from './instance-time.store.js';
export { dropNotices, giveNotice, listNotices } from './notice.store.js';
export {
  countWebhooks,
  deleteWebhook,
  dueDeliveries,
  findWebhook,
  insertWebhook,
  listDeliveries,
  listWebhooks,
  saveAttempt,
  webhookBinding,
} from './webhook.store.js';
export type { DueDelivery } from './webhook.store.js';
export { insertAudit, listAudit } from './audit.store.js';
export type { AuditEntry } from './audit.store.js';
export {
  deleteEveryService,
  endedHolds,
  eraseRows,
  findErasure,
  openErasures,
  saveErasure,
  startErasure,
  traceIds,
} from './erasure.store.js';
export type { TraceIds } from './erasure.store.js';
export { blobsOf, neededBlobs, ownBlobs } from './blob-references.store.js';
export type { BlobReferences } from './blob-references.store.js';
export { findGrant, listGrants, makeGrant } from './grant.store.js';
export {
  dropUpload,
  endedBuilds,
  holdFromSweep,
  isSource,
  sealedInUse,
  takeForSweep,
  unusedUploads,
} from './garbage.store.js';
export { TENANT_TABLES } from './erasure.tables.js';
export type { TenantTable } from './erasure.tables.js';
export { findAuthority, findRootCertificate, insertAuthority } from './authority.store.js';
export type { AuthorityRecord } from './authority.store.js';
export {
  cordonCluster,
  drainCluster,
  findCluster,
  forgetClusterTargets,
  hasCapability,
  insertCluster,
  insertJoinToken,
  listClusters,
  listHoldings,
  listRegions,
  removeCluster,
} from './cluster.store.js';
export {
  allGpuClasses,
  countGpuClassServices,
  deleteGpuClass,
  findGpuClass,
  insertGpuClass,
  listGpuClasses,
  usableGpuClasses,
} from './gpu-class.store.js';
export type { ClusterHolding, NewCluster, NewJoinToken } from './cluster.store.js';
export {
  decideDeviceRequest,
  findDeviceRequest,
  holdDeviceRequest,
  insertDeviceRequest,
  notePoll,
  useDeviceRequest,
} from './device-request.store.js';
export {
  findInvitation,
  findInvitationByHash,
  insertInvitation,
  listInvitations,
  revokeInvitation,
  revokeInvitationsOf,
  takeInvitation,
} from './invitation.store.js';
export {
  deleteMember,
  findMember,
  findPerson,
  insertMember,
  listMembers,
  holdOwners,
  membershipsOf,
  updateMember,
} from './membership.store.js';
export type { FoundPerson, OwnMembership } from './membership.store.js';
export { publicSigningKeys, replaceSigningKey, signingKeys } from './signing-key.store.js';
export type { PublicSigningKey, SigningKey, SigningPurpose } from './signing-key.store.js';
export { clearRate, useRate } from './rate-limit.store.js';
export {
  endOtherSessions,
  endSession,
  holdRefresh,
  insertSession,
  lastOrganizationOf,
  listSessions,
  rotateRefresh,
} from './session.store.js';
export type { HeldRefresh, StoredRefresh } from './session.store.js';
export {
  findUser,
  findUserByEmail,
  findUserWithHash,
  insertUser,
  replacePasswordHash,
} from './user.store.js';
export type { UserWithHash } from './user.store.js';
export { IDEMPOTENCY_KEPT_MS, claimIdempotencyKey, storeAnswer } from './idempotency.store.js';
export type { IdempotencyClaim, StoredAnswer } from './idempotency.store.js';
export {
  findKey,
  findKeyByHash,
  insertKey,
  listKeys,
  lockOwnerKeys,
  revokeKey,
  touchKey,
} from './key.store.js';
export type { FoundKey } from './key.store.js';
export {
  findOperation,
  insertOperation,
  listOpenOperations,
  listOperations,
  updateOperation,
} from './operation.store.js';
export type { NamedOperation, NewOperation } from './operation.store.js';
export {
  asOrganization,
  findOrganization,
  holdGpuQuota,
  namedGpus,
  holdsOperators,
  insertOrganization,
  listOrganizations,
  renameOrganization,
  setGpuQuota,
  setOrganizationStatus,
} from './organization.store.js';
export { deleteProject, findProject, holdProject, insertProject, listProjects } from './project.store.js';
export {
  createRevision,
  existingRevisions,
  findRevision,
  listRevisions,
  updateRevision,
} from './revision.store.js';
export type { RevisionRecord } from './revision.store.js';
export type { PageRequest } from './row.js';
export {
  findBillFacts,
  findBillPeriods,
  findPlanChanges,
  findPlansInForce,
  planFinder,
} from './bill.store.js';
export type { PlanFinder } from './bill.store.js';
export type { BillFacts } from './bill.store.js';
export {
  findBillingAccount,
  hasUsage,
  listTerms,
  lockBilling,
  saveBuyer,
  saveTerms,
} from './billing-account.store.js';
export type { BillingAccount } from './billing-account.store.js';
export {
  buyerDigest,
  closeMonth,
  findChangedMonths,
  findInvoice,
  findInvoiceBodies,
  findMonthInvoice,
  findOpenMonths,
  insertInvoice,
  isMonthClosed,
  keepInvoiceBuyer,
  listInvoices,
  nextInvoiceId,
  nextInvoiceNumber,
} from './invoice.store.js';
export type { StoredInvoice } from './invoice.store.js';
export { insertPayment, listPayments } from './payment.store.js';
export { askedBesides, pendingCorrections } from './pending-corrections.store.js';
export type { AskedBesides, PendingCorrections } from './pending-corrections.store.js';
export type { Payment } from './payment.store.js';
export { findOpenCredits, insertCredit, listCredits, revokeCredit } from './credit.store.js';
export {
  currencyPlaces,
  findPlanVersions,
  insertPlanVersion,
  listPlanVersions,
  lockPlan,
} from './price-plan.store.js';
export type { PlanVersion } from './price-plan.store.js';
export { findRequest, listUsageRecords } from './usage-record.store.js';
export type { MeteredRequest, RequestRecord } from './usage-record.store.js';
export { findReplayedWindows, hasChangedSince, zonesOfPlans } from './replay.store.js';
export type { ReplayedWindow } from './replay.store.js';
export { listUsedWindows, refOfWindow, withNames } from './used-window.store.js';
export type { UsedWindow, WindowRef } from './used-window.store.js';
export type { WindowBuild } from './window-facts.store.js';
export {
  dataKeyOf,
  keyedDigest,
  openSealed,
  openSecretVersion,
  parseMasterKey,
  seal,
  secretBinding,
  unseal,
} from './sealing.js';
export type { DataKey } from './sealing.js';
export {
  deleteSecret,
  findSecret,
  findSecretUsers,
  insertSecret,
  insertSecretVersion,
  listSecrets,
} from './secret.store.js';
export {
  deleteService,
  findService,
  insertService,
  listEveryService,
  listServiceIds,
  listServices,
  lockService,
  updateIntent,
} from './service.store.js';
export type { NewService } from './service.store.js';
export { findTrafficChange, insertTrafficChange, listTrafficChanges } from './traffic.store.js';
export { findUpload, insertUpload } from './upload.store.js';
export { FolderBlobs } from './blob.store.js';
export type { StoredBlob } from './blob.store.js';
export { checkArchive, unpackArchive } from './archive.js';
export type { ArchiveReport } from './archive.js';
export { SOURCE_LIMITS } from './archive.rules.js';
export type { ArchiveLimits } from './archive.rules.js';
export { findWaitingBuildTimes, storeBuildTime, takeBuildTimes } from './build-time.store.js';
export type { BuildTime } from './build-time.store.js';
export {
  endBuild,
  endLostBuilds,
  findBuildOfUpload,
  findBuildSince,
  lockAskedBuild,
  saveBuild,
} from './build.store.js';
export { hubEpoch, lockHub, raiseHubEpoch, mustRereadUsage, usageIsReread } from './hub.store.js';
export {
  findGateway,
  findJoinToken,
  findRenewalToken,
  insertGateway,
  joinCluster,
  recordCluster,
  listGatewaysSeen,
  recordGateway,
  saveRenewalToken,
  takeJoinToken,
} from './join.store.js';
export type { JoinClaim, TakenJoinToken } from './join.store.js';
export { dumpDatabase } from './backup.dump.js';
export type { DumpedDatabase, DumpedTable } from './backup.dump.js';
export { restoreDatabase } from './backup.restore.js';
export type { RestoreOptions } from './backup.restore.js';
export { findHeld, forgetHeld, listHeld, noteHeld, releaseHeld, unknownServices } from './held.store.js';
export type { HeldService } from './held.store.js';
export { StaleWrite, countHeld, listClusterServices, listRoutes, listTargets } from './placement.store.js';
export type { TargetRecord } from './placement.store.js';
export {
  findIntent,
  findOwners,
  listStandingServices,
  listUnsettledServices,
} from './service-status.store.js';
export type { IntentRecord } from './service-status.store.js';
export { asksForBuild, loadServiceRecords, writeServiceChanges } from './service.records.js';
export type { ServiceChanges, ServiceRecords } from './service.records.js';
export {
  dismissQuarantine,
  countQuarantine,
  findCorrectedRevision,
  findReleased,
  listQuarantine,
  releaseQuarantine,
  settleReleased,
} from './quarantine.store.js';
export type {
  QuarantineCount,
  QuarantineEntry,
  ReleaseOutcome,
  UsageCorrection,
} from './quarantine.store.js';
export {
  bindProducers,
  findClusterRegions,
  findMeteredRevisions,
  findMeteredServices,
  findProducerOwners,
  nextPosition,
  quarantineUsage,
  stageUsage,
  storeStaged,
  storeUsage,
} from './usage.store.js';
export type {
  CheckedUsage,
  MeteredRevision,
  MeteredService,
  QuarantinedUsage,
  Reach,
  StoredUsage,
} from './usage.store.js';
export {
  findDirtyShards,
  findWindowEnds,
  markDirty,
  saveWindows,
  takeDirty,
  listMonths,
  usageByDay,
  usageByPeriod,
} from './billing-window.store.js';
export type { DirtyShard, UsageFilter } from './billing-window.store.js';
export { findWindowBuilds, findWindowFacts, findWindowRecords } from './window-facts.store.js';
export type { FactsKey } from './window-facts.store.js';
export {
  findDebtors,
  findOverdue,
  holdOrganization,
  keepOpenInvoices,
  noteTold,
} from './open-invoice.store.js';
export type { OverdueInvoice } from './open-invoice.store.js';
export { findDuePayment, organizationsDue, takeDue, unaskedBefore } from './ledger-due.store.js';
export { creditsInLedger, postCredit, postLostCredits } from './ledger-credit.store.js';
export {
  findAdjustment,
  keepInvoicedAdjustments,
  listAdjustments,
  invoicedAdjustments,
  pendingAdjustments,
} from './adjustment.store.js';
export type { StoredAdjustment } from './adjustment.store.js';
export type { DuePayment } from './ledger-due.store.js';
export {
  appendEntry,
  entriesOfSeals,
  findEntry,
  ledgerBalances,
  listEntries,
  postEntry,
  organizationsToSeal,
  takeUnsealed,
} from './ledger.store.js';
export type { EntryMaker, StoredEntry } from './ledger.store.js';
export {
  closeWindow,
  findProducers,
  findUnsettled,
  groundOf,
  holdUnsettled,
  markUncounted,
  invoiceWindows,
  listLedgerWindows,
  postedLines,
  settleWindows,
  sumLedgerLines,
  usedInWindows,
} from './ledger-window.store.js';
export type { Ground, LedgerWindow, SeenWindow } from './ledger-window.store.js';
export {
  insertSeal,
  lastSeal,
  linesOfSeals,
  listSeals,
  sealedAfter,
  sealsOfDays,
} from './ledger-seal.store.js';
export { daysToClose, insertDay, lastDay, listDays } from './ledger-day.store.js';
export type { SealedHour } from './ledger-seal.store.js';
export type { SealedLine } from './ledger-seal.store.js';
