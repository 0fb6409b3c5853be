import type { Expectation, Finding, Observation, Report, Severity } from '../../../src/model/report.ts';
import { type AuditTruth, type Dictated, promised, RECORDED } from './audit-truth.ts';
import type { Judgement } from './compare.ts';
import type { EndpointTruth, TlsTruth, Truth } from './truth.ts';

/** An audit against the truth: endpoints by promise and record, then everything of the whole cluster. */
export interface AuditComparison {
  readonly judgements: readonly Judgement[];
  /** One sentence a difference that is of no endpoint. */
  readonly differences: readonly string[];
  /** Rules that told something of medium and above. */
  readonly told: readonly string[];
}

type AuditReport = Pick<Report, 'expectations' | 'findings' | 'observations' | 'inputs'>;

export function compareAudit(report: AuditReport, truth: Truth, dictated: AuditTruth): AuditComparison {
  const grave = report.findings.filter(({ verdict, severity }) => verdict === 'fail' && isGrave(severity));
  return {
    judgements: truth.endpoints.map((endpoint) => judged(report, endpoint, dictated)),
    differences: [...findingsDiffer(grave, dictated), ...unread(report), ...errors(report.findings)],
    told: [...new Set(grave.map(({ ruleId }) => ruleId))].sort(),
  };
}

const isGrave = (severity: Severity): boolean =>
  severity === 'critical' || severity === 'high' || severity === 'medium';

function judged(report: AuditReport, endpoint: EndpointTruth, { asked }: AuditTruth): Judgement {
  const { channel, member } = endpoint;
  const own = report.expectations.filter((one) => one.channel === channel);
  const expectation = own.find((one) => one.member === member) ?? own.find((one) => one.member === null);
  const lines = report.observations.filter((one) => saysOf(one, endpoint) !== undefined);
  const authentication = asked?.channel === channel ? asked.clientAuthentication : undefined;
  const differences = [...promiseDiffers(expectation, endpoint, authentication), ...recordDiffers(lines, endpoint)];
  const verdict = differences.length > 0 ? 'differs' : 'equal';
  return { channel, member, verdict, compared: (expectation ? 1 : 0) + lines.length, differences };
}

/** What the configuration promises, against what Flink makes of it. */
function promiseDiffers(
  expectation: Expectation | undefined,
  endpoint: EndpointTruth,
  asked: 'required' | undefined,
): readonly string[] {
  const dictated = promised(endpoint);
  if (dictated === undefined) return [];
  if (!expectation) return ['promise: nothing is said of it'];
  const { tls } = expectation;
  if (dictated === 'not-required')
    return tls === 'forbidden' || tls === 'impossible' ? [] : [`promise: clear is dictated, said is ${tls}`];
  if (tls !== 'required') return [`promise: TLS is dictated, said is ${tls}`];
  return endpoint.served.kind === 'tls' ? detailsDiffer(expectation, endpoint.served, asked) : [];
}

function detailsDiffer(expectation: Expectation, served: TlsTruth, asked: 'required' | undefined): readonly string[] {
  const { protocols, cipherSuites, clientAuthentication, certificateSha1 } = expectation;
  const authentication = asked ?? (served.clientAuthentication === 'required' ? 'required' : 'none');
  const suites = served.suitesOf === 'library' ? undefined : Object.values(served.suites).flat();
  // Of a library's defaults a configuration says nothing.
  const isDefault = served.versions.length > 1;
  const pinned = served.pin !== undefined;
  return [
    ...differ('protocols', isDefault ? undefined : served.versions, protocols),
    ...differ('suites', suites, cipherSuites),
    ...(clientAuthentication === authentication
      ? []
      : [`promise: client authentication ${authentication} is dictated, said is ${clientAuthentication}`]),
    ...((certificateSha1 ?? []).length > 0 === pinned
      ? []
      : [`promise: ${pinned ? 'a pin is' : 'no pin is'} dictated, said is the other`]),
  ];
}

function differ(
  what: string,
  dictated: readonly string[] | undefined,
  said: readonly string[] | undefined,
): readonly string[] {
  const text = (list: readonly string[] | undefined): string => [...(list ?? [])].sort().join(' ') || 'nothing';
  return text(dictated) === text(said)
    ? []
    : [`promise: ${what} ${text(dictated)} are dictated, said are ${text(said)}`];
}

/** `tls` or `clear`, where a line of the log speaks of this very server; what its clients speak is theirs. */
function saysOf({ channel, server, client, log }: Observation, endpoint: EndpointTruth): 'tls' | 'clear' | undefined {
  if (channel !== endpoint.channel || server.member !== endpoint.member || client !== undefined) return undefined;
  return log?.failure === undefined ? log?.says : undefined;
}

function recordDiffers(lines: readonly Observation[], endpoint: EndpointTruth): readonly string[] {
  const { served, channel } = endpoint;
  if (served.kind === 'absent') return [];
  const dictated = served.kind === 'clear' ? 'clear' : 'tls';
  const wrong = lines.filter((one) => saysOf(one, endpoint) !== dictated);
  if (wrong.length > 0) return wrong.map(({ log }) => `record: ${dictated} is dictated, logged is ${log?.text}`);
  return lines.length === 0 && RECORDED.includes(channel) ? ['record: no line of the log says how it is served'] : [];
}

function findingsDiffer(grave: readonly Finding[], { told, also }: AuditTruth): readonly string[] {
  const missing = told.flatMap((one) =>
    combinations(one)
      .filter((wanted) => !grave.some((finding) => fits(finding, wanted)))
      .map((wanted) => `${nameOf(wanted)}: not told`),
  );
  const strange = grave
    .filter((finding) => !also.includes(finding.ruleId))
    .filter((finding) => !told.some((one) => combinations(one).some((wanted) => fits(finding, wanted))))
    .map((finding) => {
      const { ruleId, channel, message } = finding;
      return `${ruleId} on ${channel} of ${memberOf(finding) ?? 'the cluster'}: told, and not in the truth: ${message}`;
    });
  return [...new Set([...missing, ...strange])];
}

interface Wanted {
  readonly rule: string;
  readonly channel?: Finding['channel'];
  readonly member?: string;
}

function combinations({ rule, channels, members }: Dictated): readonly Wanted[] {
  const byChannel: readonly Wanted[] = channels?.map((channel) => ({ rule, channel })) ?? [{ rule }];
  return byChannel.flatMap((one) => members?.map((member) => ({ ...one, member })) ?? [one]);
}

function fits(finding: Finding, { rule, channel, member }: Wanted): boolean {
  if (finding.ruleId !== rule || (channel !== undefined && finding.channel !== channel)) return false;
  return member === undefined || memberOf(finding) === member;
}

const memberOf = ({ file, endpoint }: Finding): string | undefined => file?.member ?? endpoint?.member;

const nameOf = ({ rule, channel, member }: Wanted): string =>
  [rule, channel && `on ${channel}`, member && `of ${member}`].filter(Boolean).join(' ');

/** Files of a real cluster can all be read. */
function unread({ inputs }: AuditReport): readonly string[] {
  return inputs
    .filter(({ kind }) => kind !== 'directory')
    .flatMap(({ kind, path, problems }) => (problems ?? []).map(({ message }) => `${kind} ${path}: ${message}`));
}

const errors = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ verdict }) => verdict === 'error').map(({ ruleId, message }) => `${ruleId}: ${message}`);
