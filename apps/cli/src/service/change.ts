import { path } from '../client/path.js';
import type { OperationView, ServiceView } from '../client/wire.types.js';
import { CliError } from '../exit.js';
import type { ServiceBody } from '../flags/template.flags.js';
import { followOperation, howToFollow } from '../follow.js';
import type { Tow } from '../tow.js';

const CONFLICT_ATTEMPTS = 3;

/** The service, or undefined when there is none of that name. */
export async function findService(tow: Tow, name: string): Promise<ServiceView | undefined> {
  const client = await tow.client();
  try {
    return await client.get<ServiceView>(await tow.servicePath(name));
  } catch (error) {
    if (error instanceof CliError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Says what comes: a new service, or a change of one that is there. */
export async function tellChange(tow: Tow, name: string, current: ServiceView | undefined): Promise<void> {
  tow.out.talk(
    `${current === undefined ? 'Making' : 'Updating'} service ${name} in project ${await tow.project()}`,
  );
}

export async function getService(tow: Tow, name: string): Promise<ServiceView> {
  return (await tow.client()).get<ServiceView>(await tow.servicePath(name));
}

/**
 * Makes a change that is computed from the service as it is. When someone else changed it in between, it is read
 * again and computed anew, three times at most.
 */
export async function changeFromState(
  tow: Tow,
  name: string,
  current: ServiceView,
  write: (current: ServiceView) => Promise<OperationView>,
): Promise<OperationView> {
  let known = current;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write(known);
    } catch (error) {
      const stale = error instanceof CliError && error.code === 'VERSION_CONFLICT';
      if (!stale || attempt === CONFLICT_ATTEMPTS) throw error;
      tow.out.talk('The service changed meanwhile; reading it again.');
      known = await getService(tow, name);
    }
  }
}

/** PATCH of a service; the body may depend on what the service holds. */
export function patchService(
  tow: Tow,
  current: ServiceView,
  body: (current: ServiceView) => ServiceBody,
): Promise<OperationView> {
  return changeFromState(tow, current.name, current, async (known) =>
    (await tow.client()).patch<OperationView>(await tow.servicePath(known.name), body(known)),
  );
}

/**
 * Follows a deploy or update to its end and prints the URL (in JSON the service); with `--async` says how to follow.
 */
export async function finishChange(
  tow: Tow,
  operation: OperationView,
  async: boolean | undefined,
): Promise<undefined> {
  if (async === true) {
    tow.out.line(operation, operation.id);
    tow.out.talk(`Follow it with: ${howToFollow(operation.id)}`);
    return undefined;
  }
  const ended = await followOperation(tow, operation);
  const address = path`/v1/projects/${ended.project.handle}/services/${ended.service.name}`;
  const service = await (await tow.client()).get<ServiceView>(address);
  sayResult(tow, service);
  tow.out.line(service, service.url ?? '');
  return undefined;
}

function sayResult(tow: Tow, service: ServiceView): void {
  const { name, latestCreatedRevision: newest } = service;
  const split = service.status.traffic.filter((line) => line.percent > 0);
  const words = split.map((line) => `${line.percent} % to ${line.revision}`).join(', ');
  tow.out.talk(`Service ${name}: ${words === '' ? 'no traffic yet' : words}.`);
  const pinned = service.traffic.every((line) => line.revision !== 'latest' || line.percent === 0);
  if (pinned && newest !== undefined && !split.some((line) => line.revision === newest)) {
    tow.out.talk(
      `${newest} gets no traffic: the split is pinned. Send all to it: tow services update-traffic ${name} --to-latest`,
    );
  }
  if (service.access === 'private') {
    tow.out.talk(`It is private: call it with tow curl ${name}, or a token of tow services token ${name}.`);
    tow.out.talk(`Make it public: tow services update ${name} --allow-unauthenticated`);
  }
}
