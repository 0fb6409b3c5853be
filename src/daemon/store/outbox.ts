import type { Message, Outbox } from '../types.ts';
import type { Database } from './database.ts';

/** `read` and `write` run one operation on the open database. */
export function outboxOf(
  read: <T>(work: (database: Database) => T) => T,
  write: <T>(work: (database: Database) => T) => T,
): Outbox {
  return {
    add: (sink, body, at) => {
      write((database) =>
        database.run('INSERT INTO outbox (sink, created_at, attempts, next_at, body) VALUES (?, ?, 0, ?, ?)', [
          sink,
          at,
          at,
          body,
        ]),
      );
    },
    due: (now, limit) =>
      read((database) =>
        database.all<Message>(
          `SELECT id, sink, created_at AS createdAt, attempts, next_at AS nextAttemptAt, body FROM outbox
           WHERE next_at <= ? ORDER BY id LIMIT ?`,
          [now, Math.max(0, limit)],
        ),
      ),
    delivered: (id) => {
      write((database) => database.run('DELETE FROM outbox WHERE id = ?', [id]));
    },
    failed: (id, nextAttemptAt) => {
      write((database) =>
        database.run('UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE id = ?', [nextAttemptAt, id]),
      );
    },
    rename: (from, to) => {
      write((database) => database.run('UPDATE outbox SET sink = ? WHERE sink = ?', [to, from]));
    },
    size: () => read((database) => database.number('SELECT count(*) FROM outbox')),
  };
}
