import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { analyse } from '../../src/cli/analysis.ts';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import type { Report } from '../../src/model/report.ts';
import { root } from './repository.ts';

/** The report of a shipped capture with its configurations, as of the day it was recorded; paths are relative to the root. */
export async function recordedReport(name: string): Promise<Report> {
  const folder = process.cwd();
  process.chdir(root);
  try {
    const configurations = `captures/${name}.conf`;
    const members = existsSync(configurations) ? readdirSync(configurations).sort() : [];
    return await analyse({
      captures: [`captures/${name}.pcap.gz`],
      configurations: await readConfigurations({
        conf: members.map((member) => `${member}=${path.posix.join(configurations, member)}`),
      }),
      expect: [],
      failOn: 'medium',
      now: Date.parse('2026-11-22T18:00:00Z'),
    });
  } finally {
    process.chdir(folder);
  }
}
