import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditTruth } from './audit-truth.ts';
import type { Case } from './cases.ts';
import { type Judgement, shortTruth } from './compare.ts';
import { baseSettings } from './configuration.ts';
import { standIns } from './keystores.ts';
import type { LogJudgement } from './log-judgement.ts';
import type { LogLines } from './log-lines.ts';
import { CLUSTER_MEMBERS, NAMESPACE_SITE } from './members.ts';
import { securityProperties } from './processes.ts';
import type { Truth } from './truth.ts';
import type { FlinkVersion } from './versions.ts';

/** What became of one case on one version: a small file in the tree, so that a run goes on where another ended. */
export interface CaseResult {
  readonly version: string;
  readonly case: string;
  /** Of truth, settings and key stores: a result of others is stale. */
  readonly digest: string;
  /** Of what an audit has to say. */
  readonly auditDigest?: string;
  readonly site: 'namespaces' | 'loopback';
  readonly java: string;
  readonly machine?: string;
  /** Release of the SQL gateway's jar: a neighbour where the registry lacks the version's own. */
  readonly gateway?: string;
  readonly seconds: Readonly<Record<string, number>>;
  /** Why the case cannot be had here. */
  readonly unavailable?: string;
  /** What broke before the witnesses could be asked. */
  readonly broken?: string;
  readonly endpoints: readonly EndpointResult[];
  /** Connections in the recording that the truth does not know. */
  readonly strays: readonly string[];
  readonly wire: WitnessState;
  readonly verify: WitnessState;
  readonly audit?: WitnessState;
  /** Rules that the audit told at medium or above. */
  readonly told?: readonly string[];
  /** What the audit told or left out besides channels, and should not have. */
  readonly misjudged?: readonly string[];
  /** What `analyze` says otherwise of the capture that `verify` wrote, where it was asked. */
  readonly reread?: readonly string[];
  /** Whether the probe showed the members' own certificate on internal channels. */
  readonly identity?: 'shown' | 'none';
  /** When it was run, ISO 8601. */
  readonly at?: string;
  /** WARN and ERROR lines while the probe ran, by process. */
  readonly logs?: readonly LogLines[];
  /** What the probe wrote that it should not have; `equal`: no port above its limit, no ERROR that nobody predicted. */
  readonly quiet?: WitnessState;
  readonly noise?: readonly string[];
}

export type WitnessState = 'equal' | 'differs' | 'not run yet' | 'not available';

export interface EndpointResult {
  readonly channel: string;
  readonly member: string;
  readonly truth: string;
  readonly wire: string;
  readonly verify: string;
  readonly audit?: string;
  /** WARN and ERROR lines that probing this port wrote. */
  readonly lines?: number;
}

/** Of all that decides what a case means: its truth, every member's settings, the key stores' making, the JDK's policy. */
export function digestOf(version: FlinkVersion, theCase: Case): string {
  const stores = standIns();
  const ports = theCase.ports ?? 'fixed';
  const settings = CLUSTER_MEMBERS.map((member) => ({
    ...baseSettings(member, NAMESPACE_SITE, 'folder', ports),
    ...theCase.settings(member, stores.named, NAMESPACE_SITE, version),
  }));
  const whole = [
    ...[theCase.truth(version), settings, stores.recipes, securityProperties(theCase.jdk)],
    ...[theCase.extras ?? [], version.sha256],
  ];
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 16);
}

/** A result of another one has to be come by again; it is apart, since journeys do not depend on it. */
export function auditDigestOf(version: FlinkVersion, theCase: Case): string {
  const whole = auditTruth(theCase.name, version, theCase.truth(version));
  return createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 16);
}

export const digestsOf = (
  version: FlinkVersion,
  theCase: Case,
): Pick<Required<CaseResult>, 'digest' | 'auditDigest'> => ({
  digest: digestOf(version, theCase),
  auditDigest: auditDigestOf(version, theCase),
});

const fileOf = (folder: string, version: string, name: string): string => join(folder, version, `${name}.json`);

export function readResult(folder: string, version: FlinkVersion, theCase: Case): CaseResult | undefined {
  const file = fileOf(folder, version.version, theCase.name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CaseResult) : undefined;
}

export function writeResult(folder: string, result: CaseResult): void {
  const file = fileOf(folder, result.version, result.case);
  mkdirSync(join(folder, result.version), { recursive: true });
  writeFileSync(file, resultText(result));
}

/** JSON with one field, or one element of a list, a line: small, and a difference is read at a glance. */
export function resultText(result: object): string {
  const fields = Object.entries(result).map(([name, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
    return `${JSON.stringify(name)}: [\n${value.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n ]`;
  });
  return `{\n${fields.map((field) => ` ${field}`).join(',\n')}\n}\n`;
}

export function readResults(folder: string): readonly CaseResult[] {
  return versionFolders(folder).flatMap((version) => readAll<CaseResult>(join(folder, version)));
}

const versionFolders = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => /^\d/.test(name)) : [];

function readAll<T>(folder: string): readonly T[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T);
}

/** Results that are no cases stand beside the versions: `journeys/VERSION-NAME.json`, `state/VERSION-JOB.json`, `contradictions/VERSION.json`, `probed/VERSION.json`, `daemon/VERSION-NAME.json`. */
export type Beside = 'journeys' | 'state' | 'contradictions' | 'probed' | 'daemon';

/** What each of them says. */
export interface BesideResult {
  readonly version: string;
  /** A result of another digest is stale. */
  readonly digest: string;
  /** When it was run, ISO 8601. */
  readonly at: string;
  readonly java: string;
  readonly machine: string;
  readonly seconds: Readonly<Record<string, number>>;
  readonly verdict: 'equal' | 'differs';
  readonly differences: readonly string[];
}

/** When and where a result is had. */
export function had({
  java,
  machine,
}: Pick<BesideResult, 'java' | 'machine'>): Pick<BesideResult, 'at' | 'java' | 'machine'> {
  return { at: new Date().toISOString(), java, machine };
}

export function readBeside<T>(folder: string, kind: Beside): readonly T[] {
  return readAll<T>(join(folder, kind));
}

export function readOneBeside<T>(folder: string, kind: Beside, name: string): T | undefined {
  const file = join(folder, kind, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

export function writeBeside(folder: string, kind: Beside, name: string, result: object): void {
  mkdirSync(join(folder, kind), { recursive: true });
  writeFileSync(join(folder, kind, `${name}.json`), resultText(result));
}

/** Whether a result still stands: of this very case, equal to the truth, and with every witness that can be asked today. */
export function stands(
  result: CaseResult,
  { digest, auditDigest }: { readonly digest: string; readonly auditDigest: string },
  today: { readonly verify: 'can-be-asked' | 'cannot'; readonly identity: 'shown' | 'none' },
): boolean {
  if (result.digest !== digest || result.broken || isWrong(result)) return false;
  if (result.unavailable) return true;
  if (result.auditDigest !== auditDigest) return false;
  if (today.identity === 'shown' && result.identity !== 'shown') return false;
  return result.verify !== 'not run yet' || today.verify === 'cannot';
}

/** Whether a witness says other than the truth, or the probe was louder than promised. */
export function isWrong(result: CaseResult): boolean {
  if ((result.reread ?? []).length > 0) return true;
  return [result.wire, result.verify, result.audit, result.quiet].includes('differs');
}

/** `=`, `not seen`, or the differences. */
function word(judgements: readonly Judgement[] | undefined, channel: string, member: string): string {
  const own = judgements?.find((one) => one.channel === channel && one.member === member);
  if (!own) return 'not run yet';
  if (own.verdict === 'differs') return own.differences.join('; ');
  return own.verdict === 'equal' ? '=' : 'not seen';
}

type OfWitnesses = Readonly<Record<'wire' | 'verify' | 'audit', readonly Judgement[] | undefined>>;

export function endpointResults(
  truth: Truth,
  { wire, verify, audit }: OfWitnesses,
  noise?: LogJudgement,
): readonly EndpointResult[] {
  return truth.endpoints.map(({ channel, member, served }) => {
    const port = noise?.ports.find((one) => one.channel === channel && one.member === member);
    return {
      channel,
      member,
      truth: shortTruth(served),
      wire: word(wire, channel, member),
      verify: word(verify, channel, member),
      audit: word(audit, channel, member),
      ...(port ? { lines: port.lines } : {}),
    };
  });
}

/** The wire need not show every channel; a probe that was sent has to. */
export function stateOf(judgements: readonly Judgement[] | undefined, gaps: 'allowed' | 'not-allowed'): WitnessState {
  if (!judgements) return 'not run yet';
  const wrong = judgements.some(
    (one) => one.verdict === 'differs' || (gaps === 'not-allowed' && one.verdict === 'not-seen'),
  );
  return wrong ? 'differs' : 'equal';
}
