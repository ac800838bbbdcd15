import type { Project, Service } from '#libs/domain';
import {
  findOrganization,
  listAudit,
  listEveryService,
  listInvoices,
  listKeys,
  listMembers,
  listMonths,
  listProjects,
  listRevisions,
  listSecrets,
  listServices,
  listUsageRecords,
  type StoredInvoice,
} from '#libs/store';
import { readBill } from '../bill/bill.queries.js';
import { showKey } from '../key/key.view.js';
import { showMember } from '../member/member.view.js';
import { showOrganization } from '../organization/organization.view.js';
import { showProject } from '../project/project.view.js';
import { showRevision } from '../revision/revision.view.js';
import { showSecret } from '../secret/secret.view.js';
import { showService } from '../service/service.view.js';
import { BUNDLE_GUIDE } from './bundle.guide.js';
import type { BundleFile } from './bundle.tar.js';
import { manifestOf } from './project.manifest.js';
import { byId, each, own, pagesOf, type List, type Reading } from './reading.js';

const ALL_TIME = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };

/** Everything an organization may take with it, page by page: never more than one page is held. */
export async function* bundleOf(read: Reading): AsyncGenerator<BundleFile> {
  yield { path: 'README.txt', content: BUNDLE_GUIDE };
  yield* organization(read);
  yield* pages('members', read, (call, page) => listMembers(call.tx, own(call), page), byUser, showMember);
  yield* pages('keys', read, (call, page) => listKeys(call.tx, own(call), page), byId, showKey);
  yield* pages(
    'audit',
    read,
    (call, page) => listAudit(call.tx, own(call), page),
    byId,
    (row) => row,
  );
  for await (const project of each(read, (call, page) => listProjects(call.tx, own(call), page), byId)) {
    yield* inProject(read, project);
  }
  for await (const { id } of each(read, (call, page) => listEveryService(call.tx, own(call), page), byId)) {
    yield* usageOf(read, id);
  }
  yield* pages('invoices', read, (call, page) => listInvoices(call.tx, own(call), page), byId, showStored);
  for (const month of await read((call) => listMonths(call.tx, own(call)))) {
    yield json(`bill/${month}.json`, await read((call) => readBill(call, { month })));
  }
}

const showStored = ({ invoice, digest, buyer }: StoredInvoice): object => ({ invoice, digest, buyer });
const byUser = ({ userId }: { userId: string }): string => userId;
const byNumber = ({ number }: { number: number }): string => String(number);

async function* organization(read: Reading): AsyncGenerator<BundleFile> {
  const found = await read((call) => findOrganization(call.tx, own(call)));
  if (found) yield json('organization.json', showOrganization(found));
}

async function* inProject(read: Reading, project: Project): AsyncGenerator<BundleFile> {
  const folder = `projects/${project.handle}`;
  yield json(`${folder}/project.json`, showProject(project));
  yield* pages(
    `${folder}/secrets`,
    read,
    (call, page) => listSecrets(call.tx, own(call), project.id, page),
    byId,
    showSecret,
  );
  const services = each(read, (call, page) => listServices(call.tx, own(call), project.id, page), byId);
  for await (const service of services) yield* inService(read, folder, project, service);
}

async function* inService(
  read: Reading,
  folder: string,
  project: Project,
  service: Service,
): AsyncGenerator<BundleFile> {
  const path = `${folder}/services/${service.name}`;
  yield { path: `${path}.yaml`, content: await manifestOf(read, project, service) };
  const shown = await read((call) => Promise.resolve(showService(service, project, call.parts.installation)));
  yield json(`${path}.json`, shown);
  yield* pages(
    `${path}.revisions`,
    read,
    (call, page) => listRevisions(call.tx, own(call), service.id, page),
    byNumber,
    showRevision,
  );
}

function usageOf(read: Reading, serviceId: string): AsyncGenerator<BundleFile> {
  return pages(
    `usage/${serviceId}`,
    read,
    (call, page) => listUsageRecords(call.tx, { organizationId: own(call), serviceId, ...ALL_TIME }, page),
    byId,
    (record) => record,
  );
}

/** Pages of a list as files of one JSON object a line: `<path>-00001.ndjson` and up; none when it is empty. */
async function* pages<T extends object>(
  path: string,
  read: Reading,
  list: List<T>,
  key: (item: T) => string,
  show: (item: T) => object,
): AsyncGenerator<BundleFile> {
  let number = 0;
  for await (const page of pagesOf(read, list, key)) {
    number += 1;
    const content = page.map((item) => `${JSON.stringify(show(item))}\n`).join('');
    yield { path: `${path}-${String(number).padStart(5, '0')}.ndjson`, content };
  }
}

function json(path: string, value: object): BundleFile {
  return { path, content: `${JSON.stringify(value, undefined, 2)}\n` };
}
