import t from 'tap';
import { mutateConfigurations, mutateStores } from '../support/mutations.ts';

/** `FLINKPROBE_MUTATIONS=10000` for the whole; `test/bench/mutations.js` prints its figures. */
const FILES = Number(process.env.FLINKPROBE_MUTATIONS ?? 200);
/** A run on a busy machine takes its time; a reader that hangs takes minutes. */
const WORST_MS = 10_000;

t.test('mutated key stores are read or refused by name, and nothing else', async (t) => {
  const run = await mutateStores({ files: FILES });
  t.strictSame(run.crashes, []);
  t.ok(run.milliseconds.worst < WORST_MS, `${run.milliseconds.worst} ms`);
  t.ok((run.outcomes.read ?? 0) > FILES / 100, 'some are still read');
  t.ok((run.outcomes.damaged ?? 0) > FILES / 10, 'some are damaged');
});

t.test('mutated configurations are judged or refused by name, and nothing else', async (t) => {
  const run = await mutateConfigurations({ files: FILES });
  t.strictSame(run.crashes, []);
  t.ok(run.milliseconds.worst < WORST_MS, `${run.milliseconds.worst} ms`);
  t.ok((run.outcomes.judged ?? 0) > FILES / 4, 'some are still judged');
});
