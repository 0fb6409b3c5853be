import type { Memory } from '../types.ts';
import type { Database } from './database.ts';

/** `read` and `write` run one operation on the open database. */
export function memoryOf(
  read: <T>(work: (database: Database) => T) => T,
  write: <T>(work: (database: Database) => T) => T,
): Memory {
  return {
    recall: (key) =>
      read((database) => database.get<{ value: string }>('SELECT value FROM memory WHERE key = ?', [key])?.value),
    remember: (key, value) => {
      write((database) =>
        database.run(
          'INSERT INTO memory (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
          [key, value],
        ),
      );
    },
  };
}
