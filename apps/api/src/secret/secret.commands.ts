import { TowpathError, refuseIfAny, validateSecretValue, type Secret } from '#libs/domain';
import {
  dataKeyOf,
  deleteSecret as deleteStored,
  findSecretUsers,
  insertSecret,
  insertSecretVersion,
} from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { heldProjectOf } from '../project/project.queries.js';
import { getSecret, secretOf } from './secret.queries.js';
import { showSecret } from './secret.view.js';

/** Makes a secret with its first version. */
export async function createSecret(
  call: CommandCall,
  input: { project: string; name: string; value: string },
): Promise<ReturnType<typeof showSecret>> {
  const { tx, now } = call;
  const value = bytesOf(input.value);
  const { organizationId, id: projectId } = await heldProjectOf(call, input.project);
  const id = call.newId('sec');
  await insertSecret(tx, { id, organizationId, projectId, name: input.name, createdAt: now });
  await addVersion(call, { id, organizationId }, value);
  await call.audit(id, { after: { name: input.name, number: 1 } });
  return getSecret(call, { project: projectId, secret: id });
}

/** Adds a version; revisions keep the version they were made with. */
export async function addSecretVersion(
  call: CommandCall,
  input: { project: string; secret: string; value: string },
): Promise<ReturnType<typeof showSecret>> {
  const value = bytesOf(input.value);
  const secret = await secretOf(call, input);
  const number = await addVersion(call, secret, value);
  await call.audit(secret.id, { after: { name: secret.name, number } });
  return getSecret(call, { project: input.project, secret: secret.id });
}

/** Erases a secret's values and gives the secret as it was. */
export async function deleteSecret(
  call: CommandCall,
  input: { project: string; secret: string },
): Promise<ReturnType<typeof showSecret>> {
  const secret = await secretOf(call, input);
  const users = await findSecretUsers(call.tx, secret);
  if (users.length > 0) {
    throw new TowpathError('FAILED_PRECONDITION', `The secret is used by ${users.join(', ')}.`, {
      nextStep: 'Delete these services first, or keep the secret: their revisions need it to start.',
    });
  }
  await deleteStored(call.tx, secret.organizationId, secret.id, call.now);
  await call.audit(secret.id, { before: { name: secret.name } });
  return showSecret(secret);
}

async function addVersion(
  call: CommandCall,
  secret: Pick<Secret, 'id' | 'organizationId'>,
  value: Uint8Array,
): Promise<number> {
  const { tx, now, parts } = call;
  const dataKey = await dataKeyOf(tx, secret.organizationId, parts.masterKey, { now, random: parts.random });
  const number = await insertSecretVersion(tx, secret, value, dataKey, now);
  if (number === undefined) throw notFound('secret');
  return number;
}

function bytesOf(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  refuseIfAny(validateSecretValue(value, bytes.length));
  return bytes;
}
