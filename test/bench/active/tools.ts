import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../../src/model/report.ts';

/** A program that is pointed at a port. */
export interface Tool {
  readonly name: string;
  command(port: number, report: string): readonly string[];
}

const main = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../src/cli/main.js');

/** `flinkprobe verify` of some endpoints, `channel=host:port` each, with its report in a file. */
export function verify(targets: readonly string[], profile: string, report: string): readonly string[] {
  return [process.execPath, main, 'verify', ...targets, '--profile', profile, '--format', `json=${report}`];
}

function isThere(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** What this machine has of them; flinkprobe always. */
export function tools(): Tool[] {
  const all: Tool[] = [
    {
      name: 'flinkprobe verify, standard',
      command: (port, report) => verify([`blob-server=127.0.0.1:${port}`], 'standard', report),
    },
    {
      name: 'flinkprobe verify, quick',
      command: (port, report) => verify([`blob-server=127.0.0.1:${port}`], 'quick', report),
    },
    {
      name: 'nmap, ssl-enum-ciphers',
      command: (port) => ['nmap', '-Pn', '-p', String(port), '--script', 'ssl-enum-ciphers', '127.0.0.1'],
    },
    { name: 'sslscan', command: (port) => ['sslscan', '--no-colour', `127.0.0.1:${port}`] },
  ];
  return all.filter(({ name }, index) => index < 2 || isThere(name.split(',')[0]!));
}

export function readReport(file: string): Report {
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

/** Suites of all versions, over all observations. */
export function suitesIn(report: Report): number {
  const accepted = report.observations.flatMap(({ tls }) => Object.values(tls?.accepted?.cipherSuites ?? {}));
  return accepted.reduce((sum, suites) => sum + suites.length, 0);
}
