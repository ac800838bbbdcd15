import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { graphqlSdl } from './faces/graphql/sdl.js';
import { openApiDocument } from './faces/openapi/openapi.js';
import { apiOperations } from './operations.js';

/** Writes the generated faces, or with `--check` says (exit 1) that the committed ones are not what would be written. */
const registry = apiOperations();
const faces: Record<string, string> = {
  'contracts/openapi.json': `${JSON.stringify(openApiDocument(registry), null, 2)}\n`,
  'contracts/schema.graphql': `${printSchema(lexicographicSortSchema(buildSchema(graphqlSdl(registry))))}\n`,
};
const check = process.argv.includes('--check');
const changed = Object.entries(faces).filter(([file, text]) => text !== textOf(file));
for (const [file, text] of changed) {
  if (!check) writeFileSync(file, text);
  process.stdout.write(
    `${file} ${check ? 'is not what the code says: run `npm run contracts`' : 'written'}\n`,
  );
}
if (check && changed.length > 0) process.exitCode = 1;

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
