import { type MutationRun, mutateConfigurations, mutateStores } from '../support/mutations.ts';

/** `node dist/test/bench/mutations.js [FILES] [SEED]`: mutated key stores and configurations, what became of them. */
const files = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? 1);

process.stdout.write(
  '| what | files | became of them | ms, median / p99 / worst | seconds | peak RSS, MiB | crashes |\n',
);
process.stdout.write('|---|---|---|---|---|---|---|\n');
for (const [name, mutate] of [
  ['key stores', mutateStores],
  ['configurations', mutateConfigurations],
] as const) {
  const run = await mutate({ files, seed });
  process.stdout.write(row(name, run));
  for (const crash of run.crashes.slice(0, 10)) process.stderr.write(`${crash}\n`);
  if (run.crashes.length > 0) process.exitCode = 1;
}

function row(name: string, { files: count, outcomes, milliseconds, peakMemory, crashes }: MutationRun): string {
  const became = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, number]) => `${number} ${outcome}`)
    .join(', ');
  const { median, p99, worst, all } = milliseconds;
  const times = [median, p99, worst].map((one) => one.toFixed(1)).join(' / ');
  return `| ${name} | ${count} | ${became} | ${times} | ${(all / 1000).toFixed(0)} | ${Math.round(peakMemory)} | ${crashes.length} |\n`;
}
