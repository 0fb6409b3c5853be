import { isClear } from '../daemon/cells.ts';
import type { CertificateRecord, ChannelCell, FindingRecord } from '../daemon/types.ts';
import type { Observation, Report } from '../model/report.ts';
import { type EndpointGroup, endpointGroups } from '../report/endpoint-rows.ts';
import { DEFAULT_FAIL_ON, rank } from '../report/severity.ts';
import { CHECK_STATUSES, type CheckStatus, checkStatus } from './check-status.ts';
import type { RunFamilyName } from './families.ts';
import type { Labels } from './prometheus.ts';

/** One line of `/metrics`. */
export interface Series {
  readonly name: RunFamilyName;
  readonly labels: Labels;
  readonly value: number;
}

/** What one look at an endpoint tells. Of several looks the `least` or the `most` speaks, which is the worse. */
export interface Claim extends Series {
  readonly speaks: 'least' | 'most';
}

/** What is known of a cluster when a run of it has ended. */
export interface ClusterFacts {
  readonly cluster: string;
  /** Of the last run that asked, and of what the wire showed last. */
  readonly claims: readonly Claim[];
  readonly cells: readonly ChannelCell[];
  readonly findings: readonly FindingRecord[];
  readonly certificates: readonly CertificateRecord[];
}

/**
 * Certificates of a cluster that have a series each; of more, the first to end of each channel, role and source. One
 * JobManager with 50 TaskManagers, all channels mutual with an authority, has about 430, with key stores of all read 740.
 */
export const MAX_CERTIFICATE_SERIES = 1000;
/** Names in certificates are the operator's, or an attacker's. */
const MAX_LABEL = 128;

/** Everything that `/metrics` tells of one cluster and that only a run changes. */
export function clusterSeries(facts: ClusterFacts): readonly Series[] {
  return [...checks(facts), ...endpoints(facts), ...certificates(facts)];
}

/** Checks that found something once. The worst finding of each speaks for it. */
function checks({ cluster, findings }: ClusterFacts): Series[] {
  const worst = new Map<string, FindingRecord>();
  for (const record of findings) {
    const known = worst.get(record.finding.ruleId);
    if (known === undefined || weight(record) < weight(known)) worst.set(record.finding.ruleId, record);
  }
  return [...worst].flatMap(([check, record]) =>
    CHECK_STATUSES.map((status) => ({
      name: 'flinkprobe_check_status' as const,
      labels: { flink_cluster: cluster, check, severity: record.finding.severity, status },
      value: status === statusOf(record) ? 1 : 0,
    })),
  );
}

const STATUS_ORDER: readonly CheckStatus[] = ['fail', 'unknown', 'warn', 'waived', 'pass'];

function weight(record: FindingRecord): number {
  return STATUS_ORDER.indexOf(statusOf(record)) * 10 + rank(record.finding.severity);
}

function statusOf({ finding, resolvedAt }: FindingRecord): CheckStatus {
  return resolvedAt === undefined ? checkStatus(finding) : 'pass';
}

/** Several endpoints of one channel and member share their series: the worst of them speaks. */
export function endpointClaims(cluster: string, report: Report): readonly Claim[] {
  const merged = new Merged();
  for (const group of endpointGroups(report, DEFAULT_FAIL_ON)) {
    const { channel, server, observations } = group;
    const labels = { flink_cluster: cluster, channel, member: server.member ?? server.host };
    merged.least('flinkprobe_channel_up', labels, observations.some(({ kind }) => kind !== 'no-answer') ? 1 : 0);
    const clear = clearOf(group);
    if (clear !== undefined) merged.most('flinkprobe_plaintext_accepted', labels, clear);
    const required = requiredOf(observations);
    if (required !== undefined) merged.least('flinkprobe_client_cert_required', labels, required);
    for (const [version, value] of versionsOf(observations)) {
      merged.most('flinkprobe_tls_protocol_accepted', { ...labels, version }, value);
    }
    for (const { tls } of observations) {
      if (tls?.version === undefined) continue;
      const cipher = tls.cipherSuite ?? 'unknown';
      merged.most('flinkprobe_tls_info', { ...labels, version: tls.version, cipher }, 1);
    }
  }
  for (const { ruleId, verdict, channel, endpoint, file } of report.findings) {
    if (!MISMATCHES.has(ruleId) || verdict !== 'fail') continue;
    const member = endpoint?.member ?? endpoint?.host ?? file?.member ?? '';
    merged.least('flinkprobe_cert_served_matches_disk', { flink_cluster: cluster, channel, member }, 0);
  }
  return merged.all();
}

/** What runs and the wire told, put together; with what did not show, and what key stores hold. */
function endpoints({ cluster, claims, cells, certificates: seen }: ClusterFacts): readonly Series[] {
  const merged = new Merged();
  for (const { speaks, name, labels, value } of claims) merged[speaks](name, labels, value);
  for (const { channel, member, verdict } of cells) {
    if (verdict !== 'not-seen') continue;
    merged.least('flinkprobe_channel_up', { flink_cluster: cluster, channel, member }, 0);
  }
  for (const [place, value] of diskMatches(seen)) {
    const [channel, member] = JSON.parse(place) as [string, string];
    merged.least('flinkprobe_cert_served_matches_disk', { flink_cluster: cluster, channel, member }, value);
  }
  return merged.series();
}

class Merged {
  readonly #claims = new Map<string, Claim>();

  least(name: RunFamilyName, labels: Labels, value: number): void {
    this.#put({ name, labels, value, speaks: 'least' });
  }

  most(name: RunFamilyName, labels: Labels, value: number): void {
    this.#put({ name, labels, value, speaks: 'most' });
  }

  all(): Claim[] {
    return [...this.#claims.values()];
  }

  series(): Series[] {
    return this.all().map(({ name, labels, value }) => ({ name, labels, value }));
  }

  #put(claim: Claim): void {
    const key = `${claim.name}${JSON.stringify(claim.labels)}`;
    const known = this.#claims.get(key)?.value ?? claim.value;
    const choose = claim.speaks === 'least' ? Math.min : Math.max;
    this.#claims.set(key, { ...claim, value: choose(known, claim.value) });
  }
}

/** Undefined: nobody saw what it speaks. */
function clearOf({ observations }: EndpointGroup): number | undefined {
  if (observations.some(isClear)) return 1;
  return observations.some(({ kind }) => kind === 'tls') ? 0 : undefined;
}

/** Undefined: nobody knows. Where the wire shows that a certificate was asked for, it does not show what happens without one. */
function requiredOf(observations: readonly Observation[]): number | undefined {
  if (observations.some(isClear)) return 0;
  const known = observations.flatMap(({ tls, vantage }) => {
    const verdict = tls?.clientAuthentication.verdict ?? 'unknown';
    return verdict === 'unknown' || (verdict === 'requested' && vantage === 'passive') ? [] : [verdict];
  });
  return known.length === 0 ? undefined : known.every((one) => one === 'required') ? 1 : 0;
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

/** Zero is known only where all versions were offered one by one. */
function versionsOf(observations: readonly Observation[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const { tls, asked } of observations) {
    const { accepted } = tls ?? {};
    if (accepted !== undefined && asked?.complete === true && asked.profile !== 'quick') {
      for (const version of VERSIONS) values.set(version, Math.max(values.get(version) ?? 0, 0));
    }
    for (const version of accepted?.versions ?? []) values.set(version, 1);
    if (tls?.version !== undefined) values.set(tls.version, 1);
  }
  return values;
}

const MISMATCHES: ReadonlySet<string> = new Set([
  'served-certificate-is-not-the-one-on-disk',
  'old-certificate-still-served',
]);

/** By place; places whose keystore nobody read are not there. */
function diskMatches(seen: readonly CertificateRecord[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const there = seen.filter(({ goneAt }) => goneAt === undefined);
  for (const one of there) {
    const { source, role, channel, certificate } = one;
    const owner = memberOf(one);
    if (source !== 'disk' || role !== 'keystore') continue;
    const served = there.filter(
      (one) => one.role === 'leaf' && one.source === 'served' && one.channel === channel && memberOf(one) === owner,
    );
    if (served.length === 0) continue;
    const isSame = served.some((one) => one.certificate.sha256 === certificate.sha256);
    const key = JSON.stringify([channel, owner]);
    places.set(key, Math.max(places.get(key) ?? 0, isSame ? 1 : 0));
  }
  return places;
}

function certificates({ cluster, certificates: all }: ClusterFacts): Series[] {
  const there = all.filter(({ goneAt, certificate }) => goneAt === undefined && isTime(certificate.notAfter));
  const isFew = there.length <= MAX_CERTIFICATE_SERIES;
  const shown = isFew ? there : firstOfEachKind(there);
  const merged = new Merged();
  for (const one of shown) {
    const { channel, role, source, certificate } = one;
    merged.least(
      'flinkprobe_cert_not_after_timestamp_seconds',
      {
        flink_cluster: cluster,
        channel,
        member: isFew ? memberOf(one) : '',
        role,
        source,
        subject_cn: clip(commonNameOf(certificate.subject)),
        serial: clip(certificate.serialNumber),
      },
      Date.parse(certificate.notAfter) / 1000,
    );
  }
  const leftOut = there.length - shown.length;
  const name = 'flinkprobe_cert_series_left_out' as const;
  return [...merged.series(), { name, labels: { flink_cluster: cluster }, value: leftOut }];
}

function memberOf({ member, endpoint }: CertificateRecord): string {
  return member ?? endpoint?.host ?? '';
}

/** The list begins with what ends first. */
function firstOfEachKind(records: readonly CertificateRecord[]): CertificateRecord[] {
  const first = new Map<string, CertificateRecord>();
  for (const record of records) {
    const kind = `${record.channel} ${record.role} ${record.source}`;
    if (!first.has(kind)) first.set(kind, record);
  }
  return [...first.values()];
}

/** RFC 4514 text: the value behind `CN=`, escapes and all. */
function commonNameOf(subject: string): string {
  return /(?:^|,\s*)CN=((?:\\.|[^,\\])*)/i.exec(subject)?.[1] ?? '';
}

function clip(text: string): string {
  return [...text].slice(0, MAX_LABEL).join('');
}

function isTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}
