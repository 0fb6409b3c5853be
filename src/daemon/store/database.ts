import Libsql from 'libsql';
import { storeFailure } from './failure.ts';

/**
 * The only file that knows libsql. What it has of its own, tried with 0.5.29: a bound boolean ends the process; a single
 * parameter that is an object is taken for named ones, so that parameters always go as a list; `get` adds a field
 * `_metadata`; `close` closes nothing while statements live, and those live until they are collected, so that the lock
 * (`lock.ts`) is held by a connection that prepares none.
 */
export type Value = string | number | Uint8Array | null;

export interface Changes {
  readonly changed: number;
  /** Of the row that was inserted last. */
  readonly id: number;
}

/** One connection. Every method throws a {@link StoreFailure}. */
export interface Database {
  run(sql: string, values?: readonly Value[]): Changes;
  get<R>(sql: string, values?: readonly Value[]): R | undefined;
  all<R>(sql: string, values?: readonly Value[]): readonly R[];
  /** The only column of the only row. */
  number(sql: string, values?: readonly Value[]): number;
  /** Statements that give nothing back. */
  exec(sql: string): void;
  /** All of it or nothing. Not to be nested. */
  atomically<T>(work: () => T): T;
  close(): void;
}

/** Opens a file, which is created where it is missing. */
export function connect(path: string): Database {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeFailure(error, path);
    }
  };
  const connection = guarded(() => new Libsql(path));
  const statements = new Map<string, Libsql.Statement<unknown[]>>();
  const prepared = (sql: string): Libsql.Statement<unknown[]> => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const made = connection.prepare<unknown[]>(sql);
    statements.set(sql, made);
    return made;
  };
  const database: Database = {
    run: (sql, values = []) =>
      guarded(() => {
        const { changes, lastInsertRowid } = prepared(sql).run(checked(values));
        return { changed: changes, id: Number(lastInsertRowid) };
      }),
    get: <R>(sql: string, values: readonly Value[] = []) =>
      guarded(() => prepared(sql).get(checked(values)) as R | undefined),
    all: <R>(sql: string, values: readonly Value[] = []) => guarded(() => prepared(sql).all(checked(values)) as R[]),
    number: (sql, values = []) => {
      const row = database.get<Readonly<Record<string, unknown>>>(sql, values) ?? {};
      return Number(Object.values(row)[0] ?? 0);
    },
    exec: (sql) => {
      guarded(() => connection.exec(sql));
    },
    atomically: (work) => {
      // At once for writing: a lock that is taken later can be refused in the middle.
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        rollBack(connection);
        throw error;
      }
    },
    close: () => {
      statements.clear();
      guarded(() => connection.close());
    },
  };
  return database;
}

/** Where the disk is full or the file damaged, SQLite has rolled back already. */
function rollBack(connection: Libsql.Database): void {
  try {
    if (connection.inTransaction) connection.exec('ROLLBACK');
  } catch {
    // What was thrown first says what is wrong.
  }
}

/** libsql answers other types by ending the process. */
function checked(values: readonly Value[]): Value[] {
  for (const value of values) {
    const isValue = typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array;
    if (!isValue && value !== null) throw new TypeError(`a ${typeof value} cannot be stored`);
  }
  return [...values];
}
