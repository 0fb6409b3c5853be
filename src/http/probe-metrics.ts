import { isClear } from '../daemon/cells.ts';
import type { Certificate, Observation, Report } from '../model/report.ts';
import { rank } from '../report/severity.ts';
import { checkStatus } from './check-status.ts';
import { type Family, type Format, MetricSet } from './prometheus.ts';

export type ProbeFamily =
  | 'probe_success'
  | 'probe_duration_seconds'
  | 'probe_timeout_seconds'
  | 'probe_ssl_earliest_cert_expiry'
  | 'probe_ssl_last_chain_expiry_timestamp_seconds'
  | 'probe_ssl_last_chain_info'
  | 'probe_tls_version_info'
  | 'probe_tls_cipher_info'
  | 'flinkprobe_channel_up'
  | 'flinkprobe_plaintext_accepted'
  | 'flinkprobe_client_cert_required'
  | 'flinkprobe_check_status';

/** Names and meanings of blackbox_exporter (`prober/tcp.go`, `prober/tls.go`), so that rules and dashboards work on. */
export const PROBE_FAMILIES: Readonly<Record<ProbeFamily, Family>> = {
  probe_success: { kind: 'gauge', help: 'Displays whether or not the probe was a success', labels: [] },
  probe_duration_seconds: {
    kind: 'gauge',
    help: 'Returns how long the probe took to complete in seconds',
    labels: [],
  },
  probe_timeout_seconds: { kind: 'gauge', help: 'Returns how long the probe may take in seconds', labels: [] },
  probe_ssl_earliest_cert_expiry: {
    kind: 'gauge',
    help: 'Returns last SSL chain expiry in unixtime',
    labels: [],
  },
  probe_ssl_last_chain_expiry_timestamp_seconds: {
    kind: 'gauge',
    help: 'Returns last SSL chain expiry in timestamp',
    labels: [],
  },
  probe_ssl_last_chain_info: {
    kind: 'gauge',
    help: 'Contains SSL leaf certificate information',
    labels: ['fingerprint_sha256', 'subject', 'issuer', 'subjectalternative', 'serialnumber'],
  },
  probe_tls_version_info: {
    kind: 'gauge',
    help: 'Returns the TLS version used or NaN when unknown',
    labels: ['version'],
  },
  probe_tls_cipher_info: {
    kind: 'gauge',
    help: 'Returns the TLS cipher negotiated during handshake',
    labels: ['cipher'],
  },
  flinkprobe_channel_up: {
    kind: 'gauge',
    help: 'Whether the endpoint answered',
    labels: ['channel', 'member'],
  },
  flinkprobe_plaintext_accepted: {
    kind: 'gauge',
    help: 'Whether the endpoint speaks in clear',
    labels: ['channel', 'member'],
  },
  flinkprobe_client_cert_required: {
    kind: 'gauge',
    help: 'Whether the endpoint refuses clients without a certificate',
    labels: ['channel', 'member'],
  },
  flinkprobe_check_status: {
    kind: 'gauge',
    help: 'Always one: a check that did not pass',
    labels: ['check', 'severity', 'status'],
  },
};

/** `report` absent: nothing could be asked, or not in time. */
export interface ProbeOutcome {
  readonly report?: Report;
  readonly seconds: number;
  readonly timeoutSeconds: number;
}

/** Success: asked to the end, and nothing found that fails. A port that does not answer is no success. */
export function isSuccess({ report }: ProbeOutcome): boolean {
  return report?.complete === true && report.verdict === 'pass';
}

/** A registry of its own for each probe: nothing of another target is in it. Certificates are told also when they ended. */
export function probeText(outcome: ProbeOutcome, format: Format): Promise<string> {
  const set = new MetricSet<ProbeFamily>(PROBE_FAMILIES);
  set.set('probe_success', {}, isSuccess(outcome) ? 1 : 0);
  set.set('probe_duration_seconds', {}, outcome.seconds);
  set.set('probe_timeout_seconds', {}, outcome.timeoutSeconds);
  if (outcome.report !== undefined) {
    addTls(set, outcome.report.observations);
    addEndpoints(set, outcome.report.observations);
    addChecks(set, outcome.report);
  }
  return set.text(format);
}

function addTls(set: MetricSet<ProbeFamily>, observations: readonly Observation[]): void {
  const chains = observations.flatMap(chainsOf).filter((chain) => chain.length > 0);
  const ends = chains.map((chain) => Math.min(...chain.map(endOf))).filter(Number.isFinite);
  if (ends.length > 0) {
    set.set('probe_ssl_earliest_cert_expiry', {}, Math.min(...ends));
    set.set('probe_ssl_last_chain_expiry_timestamp_seconds', {}, Math.max(...ends));
  }
  const leaf = chains[0]?.[0];
  if (leaf !== undefined) {
    set.set(
      'probe_ssl_last_chain_info',
      {
        fingerprint_sha256: leaf.sha256,
        subject: clip(leaf.subject),
        issuer: clip(leaf.issuer),
        subjectalternative: clip(leaf.subjectAltNames.map((name) => name.replace(/^[A-Za-z]+:/, '')).join(',')),
        serialnumber: leaf.serialNumber,
      },
      1,
    );
  }
  for (const { tls } of observations) {
    if (tls?.version === undefined) continue;
    set.set('probe_tls_version_info', { version: versionText(tls.version) }, 1);
    if (tls.cipherSuite !== undefined) set.set('probe_tls_cipher_info', { cipher: tls.cipherSuite }, 1);
  }
}

/** `TLS 1.3`, as Go names it (crypto/tls `VersionName`): `TLSv1` is `TLS 1.0`. */
function versionText(version: string): string {
  const text = version.replace(/^TLSv/, 'TLS ');
  return text === 'TLS 1' ? 'TLS 1.0' : text;
}

function chainsOf({ tls }: Observation): readonly (readonly Certificate[])[] {
  const first = tls?.serverCertificate.seen === 'present' ? [tls.serverCertificate.chain] : [];
  return [...first, ...(tls?.alternativeChains ?? []).map(({ chain }) => chain)];
}

function endOf({ notAfter }: Certificate): number {
  const time = Date.parse(notAfter);
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time / 1000;
}

function addEndpoints(set: MetricSet<ProbeFamily>, observations: readonly Observation[]): void {
  for (const observation of observations) {
    const { channel, server, kind, tls, vantage } = observation;
    if (vantage !== 'active') continue;
    const labels = { channel, member: server.member ?? server.host };
    set.set('flinkprobe_channel_up', labels, kind === 'no-answer' ? 0 : 1);
    const clear = isClear(observation);
    if (clear || kind === 'tls') set.set('flinkprobe_plaintext_accepted', labels, clear ? 1 : 0);
    const verdict = tls?.clientAuthentication.verdict ?? 'unknown';
    if (verdict !== 'unknown') set.set('flinkprobe_client_cert_required', labels, verdict === 'required' ? 1 : 0);
  }
}

function addChecks(set: MetricSet<ProbeFamily>, { findings }: Report): void {
  for (const finding of [...findings].sort(bySeverity)) {
    const { ruleId: check, severity } = finding;
    set.set('flinkprobe_check_status', { check, severity, status: checkStatus(finding) }, 1);
  }
}

function bySeverity(a: Report['findings'][number], b: Report['findings'][number]): number {
  return rank(a.severity) - rank(b.severity);
}

const MAX_LABEL = 512;

function clip(text: string): string {
  return [...text].slice(0, MAX_LABEL).join('');
}
