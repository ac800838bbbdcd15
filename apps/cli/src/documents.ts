import { loadAll } from 'js-yaml';
import { usageError } from './exit.js';

/** The documents of a file of YAML or JSON. @throws CliError when it is neither */
export function documentsOf(path: string, text: string): unknown[] {
  try {
    return loadAll(text);
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw usageError(`${path} is neither YAML nor JSON: ${reason}`);
  }
}
