import { TowpathError } from '#libs/domain';

/** The same words for what does not exist and for what the caller may not see. */
export function notFound(
  what: string,
  nextStep = 'Check its name or id, and the key you use.',
): TowpathError {
  return new TowpathError('NOT_FOUND', `There is no such ${what}, or you cannot see it.`, { nextStep });
}

/** @throws TowpathError VERSION_CONFLICT when the caller read another version than the one stored */
export function checkVersion(asked: string | undefined, stored: number): void {
  if (asked === undefined || asked === String(stored)) return;
  throw new TowpathError('VERSION_CONFLICT', `It changed since you read it: its version is ${stored}.`, {
    violations: [{ field: 'version', message: `is ${asked}, stored is ${stored}` }],
    nextStep: 'Read it again and repeat your change.',
  });
}
