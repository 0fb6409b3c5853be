import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatText } from '../report/text.ts';
import { analyse } from './analysis.ts';
import { readConfigurations } from './configuration-sources.ts';
import { isClosedPipe } from './failure.ts';

/**
 * The demonstration behind `npm run demo`: analyses the captures that the package ships, each with the configuration of
 * its cluster, and prints the report of each. Ends with 0 whatever they betray.
 */
const folder = fileURLToPath(new URL('../../../captures/', import.meta.url));
const captures = readdirSync(folder)
  .filter((name) => /\.(pcap|pcapng)(\.gz)?$/.test(name))
  .sort();

process.stdout.on('error', (error) => {
  if (!isClosedPipe(error)) throw error;
});

const width = process.stdout.columns ?? 100;
const lines: string[] = [];
for (const name of captures) {
  const recorded = name.replace(/\.(pcap|pcapng)(\.gz)?$/, '');
  const report = await analyse({
    captures: [path.relative(process.cwd(), path.join(folder, name))],
    configurations: await readConfigurations({
      conf: members(recorded).map(
        (member) => `${member}=${path.relative(process.cwd(), path.join(folder, `${recorded}.conf`, member))}`,
      ),
    }),
    expect: [],
    failOn: 'medium',
    now: Date.now(),
  });
  const text = formatText(report, { width, colour: process.stdout.isTTY ? 'ansi' : 'none' });
  process.stdout.write(`${'='.repeat(Math.min(width, 100))}\n${recorded}\n\n${text}\n`);
  const failed = report.findings.filter((finding) => finding.verdict === 'fail').length;
  lines.push(`${recorded.padEnd(28)}${report.verdict.padEnd(14)}${failed} ${failed === 1 ? 'finding' : 'findings'}`);
}
process.stdout.write(`${'='.repeat(Math.min(width, 100))}\n${lines.join('\n')}\n`);

function members(recorded: string): string[] {
  try {
    return readdirSync(path.join(folder, `${recorded}.conf`)).sort();
  } catch {
    return [];
  }
}
