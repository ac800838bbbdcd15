import pg, { type PoolClient } from 'pg';
import { gatherWrites } from './gather-writes.js';

/**
 * A named prepared statement: parsed once per connection, which is 7-12 times cheaper than an unnamed one.
 * The name is unique in the process.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only for the compiler: the shape of a row. */
  readonly row?: Row;
}

const declared = new Map<string, string>();

/**
 * One more column to group by, of a type without an order: groups are hashed, whatever the planner thinks how many rows there are.
 * Where it cannot know, it thinks of few and sorts, half as fast again. To be listed in FROM, then grouped by as `unordered`.
 */
export const UNORDERED = `(SELECT '0'::xid AS unordered) hashed`;

/** Declares a statement; kept in `<concept>.sql.ts`. A name used twice is a bug and fails at load. */
export function statement<Row>(name: string, text: string): Statement<Row> {
  if (declared.has(name)) throw new Error(`statement ${name} is declared twice`);
  declared.set(name, text);
  return { name, text };
}

type Done = (error: Error | undefined, result: { rows: unknown[] }) => void;

/** pg's own query, made without the copies that it makes of a query given as an object. */
class NamedQuery extends pg.Query {
  readonly name: string;

  constructor({ name, text }: Statement<unknown>, values: unknown[], done?: Done) {
    super(text, values, done);
    this.name = name;
  }
}

/** Name and text of every statement that was loaded. */
export function declaredStatements(): ReadonlyMap<string, string> {
  return declared;
}

/** A transaction, bound to a tenant or to the system role. The only way to read or write. */
export class Tx {
  /** `ahead`: statements are sent without waiting for the ones before. */
  constructor(
    readonly client: PoolClient,
    private readonly ahead = false,
  ) {}

  async run<Row>(sql: Statement<Row>, values: readonly unknown[] = []): Promise<Row[]> {
    if (this.ahead) gatherWrites(this.client);
    return new Promise((resolve, reject) => {
      this.client.query(
        new NamedQuery(sql, values as unknown[], (error, result) => {
          if (error) reject(Object.assign(error, { statement: sql.name }));
          else resolve(result.rows as Row[]);
        }),
      );
    });
  }

  /** Each row as it comes; none is kept, so that what is in hand is bounded by one row. */
  async each<Row>(sql: Statement<Row>, values: readonly unknown[], onRow: (row: Row) => void): Promise<void> {
    if (this.ahead) gatherWrites(this.client);
    await new Promise<void>((resolve, reject) => {
      const failed = (error: unknown): void => {
        reject(Object.assign(error as Error, { statement: sql.name }));
      };
      const query = new NamedQuery(sql, values as unknown[]);
      query.on('row', (row) => {
        // What is thrown here would end the process: pg reads its socket.
        try {
          onRow(row as Row);
        } catch (error) {
          failed(error);
        }
      });
      query.on('end', () => {
        resolve();
      });
      query.on('error', failed);
      this.client.query(query);
    });
  }

  /** The first row, if any. */
  async one<Row>(sql: Statement<Row>, values: readonly unknown[] = []): Promise<Row | undefined> {
    return (await this.run(sql, values))[0];
  }
}
