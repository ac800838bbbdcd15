import { TowpathError } from '#libs/domain';
import { fromPublicError } from '../exit.js';

/** Runs work on a file (or a line of it): what it refuses is told with the file's name. */
export function inFile<T>(placeOf: () => string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TowpathError)) throw error;
    throw fromPublicError({ ...error, code: error.code, message: `${placeOf()}: ${error.message}` });
  }
}
