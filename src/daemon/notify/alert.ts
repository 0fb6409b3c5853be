import type { Finding, Severity } from '../../model/report.ts';
import type { WaiverOutcome } from '../../model/waiver.ts';
import { rank } from '../../report/severity.ts';
import { cut } from './shorten.ts';

/** What sinks are told of: a finding of a cluster, or something that a person has to see to. */
export interface Alert {
  /** Fingerprint of the finding; stable over runs and restarts. */
  readonly key: string;
  readonly severity: Severity;
  /** Without the severity, which the sinks put there. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339: since when it is so. */
  readonly startsAt: string;
}

/** Why a notification is sent. `reminder`: nothing changed, and the repeat interval is over. */
export type Reason = 'opened' | 'worsened' | 'resolved' | 'waived' | 'reminder' | 'waiver-ending' | 'run-failed';

/** An alert as it is told once. */
export interface Told extends Alert {
  readonly status: 'firing' | 'resolved';
  readonly reason: Reason;
  /** RFC 3339; of what is resolved. */
  readonly endsAt?: string;
  /** Severity under which it was told before, where that was another. */
  readonly before?: Severity;
  /** Its opening was under way once, and may have arrived although nobody said so. */
  readonly tried?: 'tried';
}

/** Characters of one annotation; a finding may quote a whole certificate chain. */
const TEXT_MOST = 2000;

const shown = (text: string): string => cut(text, TEXT_MOST);

export function findingAlert(cluster: string, finding: Finding, startsAt: string): Alert {
  const { ruleId, channel, endpoint, file, remediation, expected, observed } = finding;
  const member = endpoint?.member ?? file?.member ?? endpoint?.host;
  const place = endpoint === undefined ? file?.path : `${endpoint.host}:${endpoint.port}`;
  const settings = Object.entries(remediation.settings).map(([key, value]) => `${key}: ${value}`);
  return {
    key: finding.fingerprint,
    severity: finding.severity,
    labels: {
      alertname: 'FlinkprobeFinding',
      flink_cluster: cluster,
      channel,
      ...(member === undefined ? {} : { member }),
      rule: ruleId,
      fingerprint: finding.fingerprint,
    },
    annotations: {
      summary: shown(`${finding.title}: ${channel}${member === undefined ? '' : ` of ${member}`} (${cluster})`),
      description: shown(finding.message),
      ...(place === undefined ? {} : { place: shown(place) }),
      expected: shown(expected),
      observed: shown(observed),
      runbook: shown(remediation.text),
      ...(settings.length === 0 ? {} : { fix: shown(settings.join('\n')) }),
      ...(remediation.command === null ? {} : { command: shown(remediation.command) }),
    },
    startsAt,
  };
}

/** A run that could not be made: nobody looked, so nothing else of the cluster can be trusted to be told. */
export function runFailedAlert(cluster: string, problem: string, startsAt: string): Alert {
  return {
    key: 'run-failed',
    severity: 'high',
    labels: { alertname: 'FlinkprobeRunFailed', flink_cluster: cluster, fingerprint: 'run-failed' },
    annotations: {
      summary: shown(`flinkprobe could not verify ${cluster}`),
      description: shown(problem),
      runbook: 'What the log of flinkprobe says of this cluster; its settings with flinkprobe config check.',
    },
    startsAt,
  };
}

/** A wire that nobody watches: clear text may pass unseen. */
export function wireFailedAlert(cluster: string, problem: string, startsAt: string): Alert {
  return {
    key: 'wire-failed',
    severity: 'high',
    labels: { alertname: 'FlinkprobeWireFailed', flink_cluster: cluster, fingerprint: 'wire-failed' },
    annotations: {
      summary: shown(`The wire of ${cluster} is not watched`),
      description: shown(problem),
      runbook:
        'The interface or folder, the files and the rights that capture: needs; flinkprobe sniff shows the same.',
    },
    startsAt,
  };
}

export function waiverAlert(
  { id, owner, reason, until, state, matched }: Omit<WaiverOutcome, 'scope'>,
  startsAt: string,
): Alert {
  const what = matched === 1 ? '1 finding' : `${matched} findings`;
  return {
    key: `waiver ${id} ${until}`,
    severity: state === 'expired' ? 'medium' : 'low',
    labels: { alertname: 'FlinkprobeWaiverEnding', waiver: id, owner, fingerprint: `waiver ${id} ${until}` },
    annotations: {
      summary: shown(`The waiver ${id} ${state === 'expired' ? 'expired' : 'ends'} on ${until}`),
      description: shown(`${what} of ${owner}: ${reason}`),
      runbook: 'Mend what it covers, or agree on another end date.',
    },
    startsAt,
  };
}

export function isWorse(a: Severity, b: Severity): boolean {
  return rank(a) < rank(b);
}
