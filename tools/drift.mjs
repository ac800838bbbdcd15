/**
 * Do prisma/schema and the migrated database say the same? `node tools/drift.mjs <database url>` exits 1 with
 * the SQL that would make them equal. Works offline: the schema engine is the WebAssembly build.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SCHEMA_DIR = fileURLToPath(new URL('../prisma/schema', import.meta.url));
/** PostgreSQL's "char" (oid 18) has no mapping in adapter-pg 7.10: it is read as text and named Character. */
const OID_CHAR = 18;
const OID_TEXT = 25;
const COLUMN_CHARACTER = 6;

/** SQL that would bring the database at `url` to prisma/schema; '' when they agree. */
export async function findDrift(url, schemaDir = SCHEMA_DIR) {
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const { bindSqlAdapterFactory } = await import('@prisma/driver-adapter-utils');
  const { SchemaEngine } = await loadEngine();
  const files = readdirSync(schemaDir)
    .filter((name) => name.endsWith('.prisma'))
    .map((name) => path.join(schemaDir, name))
    .map((file) => ({ path: file, content: readFileSync(file, 'utf8') }));
  const adapter = bindSqlAdapterFactory(readingChars(new PrismaPg({ connectionString: url })));
  const engine = await SchemaEngine.new(
    { datamodels: files.map((f) => [f.path, f.content]) },
    () => {},
    adapter,
  );
  const result = await engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: path.dirname(schemaDir) },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    shadowDatabaseUrl: null,
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  });
  return result.exitCode === 0 ? '' : result.stdout;
}

/** Once per process: a second instance of the engine corrupts the first one's memory. */
let engine;
function loadEngine() {
  engine ??= instantiate();
  return engine;
}

async function instantiate() {
  const glueUrl = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue = await import(glueUrl);
  const bytes = readFileSync(new URL('schema_engine_bg.wasm', glueUrl));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

function readingChars(factory) {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const queryable = await connect();
    const performIO = queryable.performIO.bind(queryable);
    const queryRaw = queryable.queryRaw.bind(queryable);
    let chars = [];
    queryable.performIO = async (query) => {
      const result = await performIO(query);
      chars = (result.fields ?? []).map((field) => field.dataTypeID === OID_CHAR);
      for (const field of result.fields ?? []) if (field.dataTypeID === OID_CHAR) field.dataTypeID = OID_TEXT;
      return result;
    };
    queryable.queryRaw = async (query) => {
      const result = await queryRaw(query);
      const columnTypes = result.columnTypes.map((type, index) => (chars[index] ? COLUMN_CHARACTER : type));
      return { ...result, columnTypes };
    };
    return queryable;
  };
  return factory;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const drift = await findDrift(process.argv[2]);
  if (drift === '') console.log('prisma/schema and the migrated database agree');
  else
    console.error(
      `prisma/schema and the migrated database differ; to follow the schema, the database would need:\n${drift}`,
    );
  process.exit(drift === '' ? 0 : 1);
}
