import { accountOperations } from './account/account.operations.js';
import { auditOperations } from './audit/audit.operations.js';
import { billOperations } from './bill/bill.operations.js';
import { budgetOperations } from './budget/budget.operations.js';
import { Registry } from './call/registry.js';
import { callerOperations } from './caller/caller.operations.js';
import { capOperations } from './cap/cap.operations.js';
import { clusterOperations } from './cluster/cluster.operations.js';
import { creditOperations } from './credit/credit.operations.js';
import { deviceOperations } from './device/device.operations.js';
import { erasureOperations } from './erasure/erasure.operations.js';
import { explainOperations } from './bill/explain.operations.js';
import { exportOperations } from './export/export.operations.js';
import { gpuClassOperations } from './gpu-class/gpu-class.operations.js';
import { grantOperations } from './grant/grant.operations.js';
import { invitationOperations } from './invitation/invitation.operations.js';
import { invoiceOperations } from './invoice/invoice.operations.js';
import { keyOperations } from './key/key.operations.js';
import { adjustmentOperations } from './ledger/adjustment.operations.js';
import { ledgerOperations } from './ledger/ledger.operations.js';
import { logOperations } from './log/log.operations.js';
import { marginOperations } from './margin/margin.operations.js';
import { memberOperations } from './member/member.operations.js';
import { noticeOperations } from './notice/notice.operations.js';
import { operationOperations } from './operation/operation.operations.js';
import { organizationOperations } from './organization/organization.operations.js';
import { planOperations } from './plan/plan.operations.js';
import { projectOperations } from './project/project.operations.js';
import { quarantineOperations } from './quarantine/quarantine.operations.js';
import { revisionOperations } from './revision/revision.operations.js';
import { secretOperations } from './secret/secret.operations.js';
import { serviceOperations } from './service/service.operations.js';
import { sessionOperations } from './session/session.operations.js';
import { trafficOperations } from './traffic/traffic.operations.js';
import { trustOperations } from './trust/trust.operations.js';
import { uploadOperations } from './upload/upload.operations.js';
import { usageOperations } from './usage/usage.operations.js';
import { webhookOperations } from './webhook/webhook.operations.js';
import { whoamiOperations } from './whoami/whoami.operations.js';

/** Everything the API does, in the order of its documentation. */
export function apiOperations(): Registry {
  return new Registry([
    ...whoamiOperations,
    ...sessionOperations,
    ...deviceOperations,
    ...trustOperations,
    ...organizationOperations,
    ...exportOperations,
    ...erasureOperations,
    ...grantOperations,
    ...projectOperations,
    ...memberOperations,
    ...invitationOperations,
    ...keyOperations,
    ...uploadOperations,
    ...secretOperations,
    ...serviceOperations,
    ...revisionOperations,
    ...trafficOperations,
    ...callerOperations,
    ...operationOperations,
    ...logOperations,
    ...usageOperations,
    ...billOperations,
    ...explainOperations,
    ...planOperations,
    ...marginOperations,
    ...budgetOperations,
    ...capOperations,
    ...ledgerOperations,
    ...adjustmentOperations,
    ...noticeOperations,
    ...accountOperations,
    ...creditOperations,
    ...webhookOperations,
    ...invoiceOperations,
    ...quarantineOperations,
    ...auditOperations,
    ...clusterOperations,
    ...gpuClassOperations,
  ]);
}
