export { Database, isUniqueViolation } from './database.js';
export type { DatabaseOptions } from './database.js';
export { Tx, statement } from './statement.js';
export type { Statement } from './statement.js';
export { migrate } from './migrate.js';
export type { MigrateOptions } from './migrate.js';
