import { isDeepStrictEqual } from 'node:util';
import { processName } from '../evaluate/process-name.ts';
import type { Certificate, Finding, Observation, Report } from '../model/report.ts';
import { type EndpointGroup, endpointGroups, type Result } from '../report/endpoint-rows.ts';
import { type FailOn, rank, weigh } from '../report/severity.ts';
import type { ChannelCell } from './types.ts';

const VERDICTS: Readonly<Record<Result, ChannelCell['verdict']>> = {
  PASS: 'pass',
  WARN: 'warn',
  FAIL: 'fail',
  ERROR: 'inconclusive',
  INCONCLUSIVE: 'inconclusive',
  WAIVED: 'waived',
  'NOT SEEN': 'not-seen',
};

/** The grid of one cluster as a run saw it: a cell for each channel of each member, and for what did not show. */
export function cellsOf(cluster: string, report: Report, failOn: FailOn): readonly ChannelCell[] {
  const seen = endpointGroups(report, failOn).map((group) => cellOf(cluster, group));
  const missing = report.coverage
    .filter(({ verdict, expected }) => verdict === 'not-seen' && expected === true)
    .filter(
      ({ channel, member }) =>
        !seen.some((cell) => cell.channel === channel && (member === undefined || cell.member === member)),
    )
    .map(
      ({ channel, member }): ChannelCell => ({
        cluster,
        channel,
        member: member ?? '',
        verdict: 'not-seen',
        findings: [],
      }),
    );
  const all = [...seen, ...missing];
  return [...all, ...accused(cluster, report, failOn, all)];
}

/** Who only connects has no endpoint of its own: what it is accused of stands in a cell of its own all the same. */
function accused(
  cluster: string,
  { findings }: Report,
  failOn: FailOn,
  cells: readonly ChannelCell[],
): readonly ChannelCell[] {
  const places = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { channel, endpoint } = finding;
    const member = endpoint?.member;
    if (member === undefined || cells.some((cell) => cell.channel === channel && cell.member === member)) continue;
    const key = JSON.stringify([channel, member]);
    places.set(key, [...(places.get(key) ?? []), finding]);
  }
  return [...places.values()].flatMap((those) => {
    const verdicts = those.map((finding) => verdictOf(finding, failOn));
    const verdict = WEIGHT.find((one) => verdicts.includes(one));
    const { channel, endpoint } = those[0]!;
    if (verdict === undefined) return [];
    return [{ cluster, channel, member: endpoint!.member!, verdict, findings: printsOf(those) }];
  });
}

/** Undefined: it alarms nobody. */
function verdictOf(finding: Finding, failOn: FailOn): ChannelCell['verdict'] | undefined {
  switch (weigh(finding, failOn)) {
    case 'failing':
      return 'fail';
    case 'error':
    case 'inconclusive':
      return 'inconclusive';
    case 'warning':
      return 'warn';
    case 'waived':
      return 'waived';
    case 'note':
      return undefined;
  }
}

function printsOf(findings: readonly Finding[]): readonly string[] {
  return [...findings].sort((a, b) => rank(a.severity) - rank(b.severity)).map(({ fingerprint }) => fingerprint);
}

/** From the verdict that outweighs all others. */
const WEIGHT: readonly ChannelCell['verdict'][] = ['fail', 'inconclusive', 'warn', 'waived', 'pass', 'not-seen'];

/** The grid of two looks at one cluster: of each cell the worse, of equals the one that was asked. */
export function worstOf(asked: readonly ChannelCell[], live: readonly ChannelCell[]): readonly ChannelCell[] {
  const worst = new Map(asked.map((one) => [placeOf(one), one]));
  for (const one of live) {
    const other = worst.get(placeOf(one));
    if (other === undefined || WEIGHT.indexOf(one.verdict) < WEIGHT.indexOf(other.verdict))
      worst.set(placeOf(one), one);
  }
  const cells = [...worst.values()];
  // What one of them did not see is there where the other one saw it.
  return cells.filter(
    (one) =>
      one.verdict !== 'not-seen' ||
      !cells.some(
        (other) =>
          other.verdict !== 'not-seen' &&
          other.channel === one.channel &&
          (one.member === '' || other.member === one.member),
      ),
  );
}

/** Those of `now` that are others than before, or were not there. */
export function changedCells(before: readonly ChannelCell[], now: readonly ChannelCell[]): readonly ChannelCell[] {
  const known = new Map(before.map((one) => [placeOf(one), one]));
  return now.filter((one) => !isDeepStrictEqual(known.get(placeOf(one)), one));
}

/** What makes two cells the same one at two looks. */
function placeOf({ channel, member, endpoint }: ChannelCell): string {
  return `${channel} ${member} ${endpoint?.port ?? ''}`;
}

function cellOf(cluster: string, { channel, server, observations, findings, result }: EndpointGroup): ChannelCell {
  const served = servedOf(observations);
  const version = observations.map(({ tls }) => tls?.version).find((one) => one !== undefined);
  const leaf = observations.map(leafOf).find((one) => one !== undefined);
  return {
    cluster,
    channel,
    member: processName(server),
    endpoint: server,
    verdict: VERDICTS[result],
    ...(served === undefined ? {} : { served }),
    ...(version === undefined ? {} : { version }),
    ...(leaf === undefined ? {} : { certificate: leaf.sha256, notAfter: leaf.notAfter }),
    findings: printsOf(findings),
  };
}

function leafOf({ tls }: Observation): Certificate | undefined {
  return tls?.serverCertificate.seen === 'present' ? tls.serverCertificate.chain[0] : undefined;
}

/** Clear text was seen there, or answered when it was asked for. */
export function isClear({ kind, answer, asked }: Observation): boolean {
  const isSeen = kind === 'plaintext' && (answer === undefined || answer.kind === 'plaintext');
  return isSeen || asked?.clear?.outcome === 'answered';
}

function servedOf(observations: readonly Observation[]): ChannelCell['served'] {
  const tls = observations.filter((one) => one.kind === 'tls' && one.tls?.version !== undefined);
  const clear = observations.some(isClear);
  if (tls.length === 0) return clear ? 'clear' : undefined;
  if (clear) return 'mixed';
  const isMutual = tls.every(
    (one) => one.tls!.clientAuthentication.verdict === 'required' || one.tls!.clientCertificate.seen === 'present',
  );
  return isMutual ? 'mutual-tls' : 'tls';
}
