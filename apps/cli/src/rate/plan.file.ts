import { readFile } from 'node:fs/promises';
import { parsePriceSchedule, type PriceSchedule } from '#libs/domain';
import { documentsOf } from '../documents.js';
import { usageError } from '../exit.js';
import { inFile } from './file.errors.js';

const MAX_BYTES = 1 << 20;

/** Reads the versions of a price plan from a file of YAML or JSON: one document, several, or a list of them. */
export async function readPlanFile(path: string): Promise<PriceSchedule> {
  return (await readPlanDocuments(path)).schedule;
}

/** The same, with the documents as they stand in the file. */
export async function readPlanDocuments(
  path: string,
): Promise<{ documents: unknown[]; schedule: PriceSchedule }> {
  const text = await readFile(path, 'utf8');
  if (text.length > MAX_BYTES) throw usageError(`${path} is longer than a price plan can be (1 MiB).`);
  const documents = documentsOf(path, text).flat();
  const schedule = inFile(
    () => path,
    () => parsePriceSchedule(documents),
  );
  return { documents, schedule };
}
