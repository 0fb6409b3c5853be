import type { RunRequest } from '../daemon/cluster.ts';
import { compareWithBaseline } from '../evaluate/baseline.ts';
import type { Report } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';
import { analyse } from './analysis.ts';
import { readText } from './common.ts';
import { readConfigurations } from './configuration-sources.ts';
import { parseLogFile } from './log-witness.ts';
import { readPolicy } from './policy-option.ts';

/** A run of the captures that the settings of a cluster name; all of it may be copied from thread to thread. */
export interface CaptureOrder extends Omit<RunRequest, 'signal'> {
  /** Those of the cluster. */
  readonly waivers: readonly Waiver[];
}

export interface CaptureOrderMeans {
  /** Aborted: the analysis ends soon, with what it has read until then. */
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Analyses the captures that the settings name, and compares with the last good run. Throws as `analyse` does. */
export async function analyseOrder(order: CaptureOrder, { signal, tell }: CaptureOrderMeans): Promise<Report> {
  const { settings, baseline, waivers } = order;
  const policy = await readPolicy(settings.policy);
  const report = await analyse({
    captures: settings.captures,
    configurations: await readConfigurations({ conf: settings.configurations }),
    ...(settings.flinkVersion === undefined ? {} : { flinkVersion: settings.flinkVersion }),
    ...(policy === undefined ? {} : { policy }),
    waivers,
    logs: settings.logs.map(parseLogFile),
    ...(settings.names === undefined ? {} : { names: readText('names', settings.names) }),
    expect: [],
    failOn: settings.failOn,
    now: Date.now(),
    signal,
    warn: tell,
  });
  return baseline === undefined ? report : compareWithBaseline(report, baseline.report, `run ${baseline.id}`);
}
