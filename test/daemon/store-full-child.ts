import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openStore, StoreFailure } from '../../src/daemon/store/store.ts';
import { tlsDetails } from '../support/sample-report.ts';
import { accused, asked, numbered, runId, runOf } from './cluster-report.ts';

/** Fills the disk below a folder with runs, makes room again, and prints what became of it. */
const [folder] = process.argv.slice(2);
const store = openStore({ path: path.join(folder!, 'history.db') });
const ballast = path.join(folder!, 'ballast');
writeFileSync(ballast, Buffer.alloc(300_000));

let number = 0;
function commit(): void {
  const observations = Array.from({ length: 20 }, (_, index) => {
    const chain = [numbered(number * 20 + index)];
    return asked(`tm-${index}`, {
      tls: tlsDetails({ serverCertificate: { seen: 'present', truncated: false, chain } }),
    });
  });
  store.commit(runOf(number, { observations, findings: [accused('tm-1', { message: runId(number) })] }), {
    resolveAfter: 1,
  });
}

function failure(): string {
  for (; number < 10_000; number += 1) {
    try {
      commit();
    } catch (error) {
      if (error instanceof StoreFailure) return `${error.fault}: ${error.message}`;
      throw error;
    }
  }
  return 'none';
}

const first = failure();
const kept = number;
const again = failure();
const wholeWhileFull = store.report(runId(kept - 1)) !== undefined && store.report(runId(kept)) === undefined;
rmSync(ballast);
commit();
const after = {
  runs: store.runs('prod', { limit: 10_000 }).length,
  told: store.findings({})[0]?.finding.message,
  last: store.last('prod')?.id,
};
store.close();
const reopened = openStore({ path: store.path });
const atLast = reopened.runs('prod', { limit: 10_000 }).length;
reopened.close();
process.stdout.write(
  JSON.stringify({ first, again, kept, number, wholeWhileFull, after, atLast, expected: runId(number) }),
);
