import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openStore } from '../../src/daemon/store/store.ts';
import type { Run } from '../../src/daemon/types.ts';
import { accused, asked, runId, runOf, timeOf } from './cluster-report.ts';

/**
 * Keeps runs until it is killed, and prints the id and the SHA-256 of the report of each that `commit` returned for.
 *
 * Each tells one finding that all have, with its own id as message, and one that no other has. Passing runs of a second
 * cluster are kept and deleted all the while, and nothing of them is promised.
 */
const [file] = process.argv.slice(2);
const store = openStore({ path: file! });
const kept = Number.parseInt(store.last('prod')?.id ?? '0', 32);
writeSync(1, 'ready\n');
for (let number = kept + 1; ; number += 1) {
  const run = lasting(number);
  store.commit(run, { resolveAfter: 1 });
  writeSync(1, `${run.id} ${createHash('sha256').update(JSON.stringify(run.report)).digest('hex')}\n`);
  store.outbox.add('sink', run.id, timeOf(0));
  store.commit(runOf(1_000_000 + number, { cluster: 'passing', observations: [asked(`tm-${number}`)] }), {
    resolveAfter: 1,
  });
  if (number % 8 === 0) {
    store.retain({ passingMs: 1, failingMs: Number.MAX_SAFE_INTEGER, bytes: 1e9 }, '2099-01-01T00:00:00.000Z');
  }
}

function lasting(number: number): Run {
  const id = runId(number);
  return runOf(number, {
    findings: [
      accused('tm-1', { message: id }),
      accused('tm-1', { message: id, fingerprint: `only ${id}`, ruleId: 'no-client-authentication' }),
    ],
    observations: Array.from({ length: 6 }, (_, index) => asked(`tm-${index + 1}`)).concat(
      asked('tm-7', { server: { host: '10.0.0.7', port: number % 60_000 } }),
    ),
  });
}
