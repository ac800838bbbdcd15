import type { Api } from './api.js';
import type { Fields } from './walk.js';

/** What a twin knows: two are made alike, one through each face. */
export interface Twin {
  project: string;
  upload: string;
  [made: string]: string;
}

/** Fields of each operation for a twin; commands run in this order, `made` keeps what later ones need. */
export interface Step {
  fields: (twin: Twin) => Fields;
  made?: (answer: Fields, twin: Twin) => void;
  operator?: true;
  /** Before each of both. */
  first?: (api: Api) => Promise<unknown>;
  /** By the twin's own person instead of the tenant's key. */
  person?: true;
}
