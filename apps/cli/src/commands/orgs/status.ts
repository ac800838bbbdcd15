import { TowpathError } from '#libs/domain';
import { Option } from 'commander';
import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import { wholeNumber } from '../../flags/quantity.js';
import type { OrganizationView } from '../../client/organization.types.js';
import type { Tow } from '../../tow.js';

/** `tow orgs suspend ID --reason TEXT` (operators): its services answer nobody and run nothing until it is resumed. */
export const orgsSuspend = defineCommand<[string], { reason: string }>({
  calls: ['POST /v1/organizations/{organization}/suspend'],
  declare(command) {
    command
      .argument('<id>', 'the organization')
      .requiredOption('--reason <text>', 'why; its members can read it');
  },
  async run(tow, [id], { reason }) {
    const body = { reason };
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/suspend`, body));
    return undefined;
  },
});

/** `tow orgs resume ID` (operators): everything as it was before it was suspended. */
export const orgsResume = defineCommand<[string], object>({
  calls: ['POST /v1/organizations/{organization}/resume'],
  declare(command) {
    command.argument('<id>', 'the organization');
  },
  async run(tow, [id]) {
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/resume`, {}));
    return undefined;
  },
});

/** `tow orgs close ID`: stopped now, erased after its hold. Never the default organization: the id is typed out. */
export const orgsClose = defineCommand<[string], { reason?: string }>({
  calls: ['POST /v1/organizations/{organization}/close'],
  declare(command) {
    command
      .argument('<id>', 'the organization: your own, or any (operators)')
      .option('--reason <text>', 'why; its members can read it');
  },
  async run(tow, [id], { reason }) {
    const body = reason === undefined ? {} : { reason };
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/close`, body));
    return undefined;
  },
});

/** `tow orgs reopen ID` (operators): undoes a close before its hold ends. */
export const orgsReopen = defineCommand<[string], object>({
  calls: ['POST /v1/organizations/{organization}/reopen'],
  declare(command) {
    command.argument('<id>', 'the organization');
  },
  async run(tow, [id]) {
    show(tow, await (await tow.client()).post<OrganizationView>(path`/v1/organizations/${id}/reopen`, {}));
    return undefined;
  },
});

/** `tow orgs quota ID --gpus N` (operators): how many GPUs its services may hold together. */
export const orgsQuota = defineCommand<[string], { gpus?: number; clearGpus?: boolean }>({
  calls: ['PUT /v1/organizations/{organization}/quota'],
  declare(command) {
    command
      .argument('<id>', 'the organization')
      .addOption(
        new Option('--gpus <n>', 'GPUs of all its services, each as many as its instances may hold')
          .argParser(wholeNumber('--gpus'))
          .conflicts('clearGpus'),
      )
      .option('--clear-gpus', 'any number');
  },
  async run(tow, [id], { gpus, clearGpus }) {
    if (gpus === undefined && clearGpus !== true)
      throw new TowpathError('INVALID_ARGUMENT', 'Nothing is asked for: name --gpus <n> or --clear-gpus.');
    const body = { gpus: gpus ?? null };
    show(tow, await (await tow.client()).put<OrganizationView>(path`/v1/organizations/${id}/quota`, body));
    return undefined;
  },
});

function show(tow: Tow, one: OrganizationView): void {
  tow.out.thing(one, { Id: one.id, Name: one.name, Status: one.status, ...standing(one) });
}

/** Why it is not active, until when a closing one is kept, and what it may hold. */
export function standing({ statusReason, holdUntil, gpuQuota }: OrganizationView): Record<string, string> {
  return {
    ...(statusReason === undefined ? {} : { Reason: statusReason }),
    ...(holdUntil === undefined ? {} : { 'Kept until': holdUntil }),
    ...(gpuQuota === undefined ? {} : { GPUs: `${gpuQuota} at most` }),
  };
}
