import type { EndpointChange, Finding, Report } from '../../../src/model/report.ts';
import type { Case } from './cases.ts';
import { caseNamed } from './cases.ts';
import { GCM, internalTls, restTls, type Settings } from './configuration.ts';
import type { KeyStores } from './keystores.ts';
import type { ClusterMember } from './members.ts';
import type { Truth } from './truth.ts';

/** What has become of one endpoint since the baseline. */
export interface ExpectedChange {
  readonly change: EndpointChange['change'];
  readonly certificate: EndpointChange['certificate'];
}

/** A restart after which `verify --baseline` has to find the fault, the whole fault, and nothing besides. */
export interface Journey {
  readonly name: string;
  readonly what: string;
  /** Members that are ended and started again. */
  readonly restarted: readonly ClusterMember[];
  /** Their settings from then on; those of the sound cluster where left out. */
  readonly fault?: (stores: KeyStores) => Settings;
  /** TaskManagers that register after the restart. */
  readonly taskManagers: 0 | 1 | 2;
  /** Members whose internal endpoints changed, and how; everything else is unchanged, with the same certificate. */
  readonly changed: Readonly<Partial<Record<ClusterMember, ExpectedChange>>>;
  /** Rules of which a new finding must be there. */
  readonly told: readonly string[];
  /** Further rules that may tell the same fault once more. */
  readonly also: readonly string[];
  readonly exitCode: 0 | 1;
}

/** The sound cluster of every journey. */
export const SOUND: Case = caseNamed('all');

const REST_OF_SOUND = (stores: KeyStores): Settings => ({
  ...restTls(stores.rest),
  'security.ssl.rest.authentication-enabled': 'true',
  ...GCM,
});

const OTHER = (stores: KeyStores): Settings => ({ ...internalTls(stores.other), ...REST_OF_SOUND(stores) });

const CLEAR_NOW: ExpectedChange = { change: 'weaker', certificate: 'none' };
const RENEWED: ExpectedChange = { change: 'unchanged', certificate: 'changed' };

/** What a channel that went from TLS to clear is told by, besides the comparison. */
const IN_CLEAR = ['plaintext-channel', 'mixed-tls-and-clear', 'members-differ-in-tls', 'configured-tls-is-not-served'];

/** The sound cluster's configurations, which `verify` is given, name the sound cluster's key store. */
const NOT_ON_DISK = 'served-certificate-is-not-the-one-on-disk';

export const JOURNEYS: readonly Journey[] = [
  {
    name: 'nothing-changed',
    what: 'tm2 restarted as it was',
    restarted: ['tm2'],
    taskManagers: 2,
    changed: {},
    told: [],
    also: [],
    exitCode: 0,
  },
  {
    name: 'one-without-tls',
    what: 'tm2 restarted without internal TLS',
    restarted: ['tm2'],
    fault: REST_OF_SOUND,
    taskManagers: 1,
    changed: { tm2: CLEAR_NOW },
    told: ['weaker-than-baseline', 'plaintext-channel'],
    also: IN_CLEAR,
    exitCode: 1,
  },
  {
    name: 'one-with-another-certificate',
    what: 'tm2 restarted with a key and trust store of its own',
    restarted: ['tm2'],
    fault: OTHER,
    taskManagers: 1,
    changed: { tm2: RENEWED },
    told: ['certificate-differs-between-members', 'identity-refused', NOT_ON_DISK],
    also: ['old-certificate-still-served'],
    exitCode: 1,
  },
  {
    name: 'internal-off-everywhere',
    what: 'all members restarted without internal TLS',
    restarted: ['jm', 'tm1', 'tm2'],
    fault: REST_OF_SOUND,
    taskManagers: 2,
    changed: { jm: CLEAR_NOW, tm1: CLEAR_NOW, tm2: CLEAR_NOW },
    told: ['weaker-than-baseline', 'plaintext-channel'],
    also: IN_CLEAR,
    exitCode: 1,
  },
  {
    name: 'one-not-renewed',
    what: 'jm and tm2 restarted with a new certificate, tm1 left running with the old one',
    restarted: ['jm', 'tm2'],
    fault: OTHER,
    taskManagers: 1,
    changed: { jm: RENEWED, tm2: RENEWED },
    told: ['old-certificate-still-served', NOT_ON_DISK],
    also: ['certificate-differs-between-members', 'identity-refused'],
    exitCode: 1,
  },
];

const INTERNAL = ['jobmanager-rpc', 'blob-server', 'taskmanager-rpc', 'taskmanager-data', 'metrics-query-service'];

/** What `verify --baseline` should have said and did not, or said and should not have; one sentence each. */
export function journeyDiffers(
  journey: Journey,
  truth: Truth,
  answer: { readonly report: Report; readonly exitCode: number },
  memberOf: (host: string) => string | undefined,
): readonly string[] {
  const { comparison, findings } = answer.report;
  if (!comparison) return ['no comparison in the report'];
  const wrong: string[] = [];
  for (const { channel, member } of truth.endpoints) {
    const seen = comparison.endpoints.filter(
      (one) => one.channel === channel && memberOf(one.endpoint.host) === member,
    );
    const place = `${channel} of ${member}`;
    if (seen.length !== 1) wrong.push(`${place}: compared ${seen.length} times`);
    const sound: ExpectedChange = { change: 'unchanged', certificate: 'same' };
    const expected = (INTERNAL.includes(channel) ? journey.changed[member] : undefined) ?? sound;
    for (const one of seen) {
      if (one.change !== expected.change) wrong.push(`${place}: ${expected.change} is dictated, seen is ${one.change}`);
      if (one.certificate !== expected.certificate)
        wrong.push(`${place}: certificate ${expected.certificate} is dictated, seen is ${one.certificate}`);
      // What a process calls itself may be configured: then nothing is known of it.
      const never = journey.restarted.includes(member) ? 'same' : 'restarted';
      if (one.process === never) wrong.push(`${place}: its process is called ${never}`);
    }
  }
  const places = new Set(truth.endpoints.map(({ channel, member }) => `${channel} ${member}`));
  for (const { channel, endpoint, change } of comparison.endpoints) {
    const place = `${channel} ${memberOf(endpoint.host)}`;
    if (!places.has(place)) wrong.push(`${place}: ${change}, and not in the truth`);
  }
  wrong.push(...findingsDiffer(journey, newFindings(findings), memberOf));
  for (const { ruleId, endpoint } of comparison.fixed)
    wrong.push(`${ruleId} of ${endpoint ? memberOf(endpoint.host) : 'the cluster'}: called fixed`);
  if (answer.exitCode !== journey.exitCode)
    wrong.push(`exit ${journey.exitCode} is dictated, seen is ${answer.exitCode}`);
  return [...new Set(wrong)];
}

/** Findings that the baseline did not have. */
export const newFindings = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter((one) => one.verdict === 'fail' && (one.change === 'new' || one.change === 'weaker'));

function findingsDiffer(
  journey: Journey,
  fresh: readonly Finding[],
  memberOf: (host: string) => string | undefined,
): readonly string[] {
  const wrong: string[] = [];
  // A member that was left as it was is at fault where the others were renewed.
  const isAtFault = (member: string | undefined): boolean =>
    member === undefined || member in journey.changed || (journey.name === 'one-not-renewed' && member === 'tm1');
  for (const { ruleId, endpoint } of fresh) {
    const member = endpoint && memberOf(endpoint.host);
    if (!journey.told.includes(ruleId) && !journey.also.includes(ruleId))
      wrong.push(`${ruleId} of ${member ?? 'the cluster'}: new, and not the fault`);
    else if (!isAtFault(member)) wrong.push(`${ruleId} of ${member}: new, and the fault is elsewhere`);
  }
  for (const ruleId of journey.told) {
    if (!fresh.some((one) => one.ruleId === ruleId)) wrong.push(`${ruleId}: not told`);
  }
  return wrong;
}
