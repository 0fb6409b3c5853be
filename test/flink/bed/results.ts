import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { type Judgement, shortTruth } from './compare.ts';
import type { LogLines } from './log-lines.ts';
import type { Truth } from './truth.ts';
import type { FlinkVersion } from './versions.ts';

/** What became of one case on one version: a small file in the tree, so that a run goes on where another ended. */
export interface CaseResult {
  readonly version: string;
  readonly case: string;
  /** Of the truth: a result of another truth is stale. */
  readonly digest: string;
  readonly site: 'namespaces' | 'loopback';
  readonly java: string;
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
  /** WARN and ERROR lines that the probe caused, by process. */
  readonly logs?: readonly LogLines[];
}

export type WitnessState = 'equal' | 'differs' | 'not run yet' | 'not available';

export interface EndpointResult {
  readonly channel: string;
  readonly member: string;
  readonly truth: string;
  readonly wire: string;
  readonly verify: string;
}

export function digestOf(truth: Truth): string {
  return createHash('sha256').update(JSON.stringify(truth)).digest('hex').slice(0, 16);
}

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
export function resultText(result: CaseResult): string {
  const fields = Object.entries(result).map(([name, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
    return `${JSON.stringify(name)}: [\n${value.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n ]`;
  });
  return `{\n${fields.map((field) => ` ${field}`).join(',\n')}\n}\n`;
}

export function readResults(folder: string): readonly CaseResult[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CaseResult);
}

/** Whether a result still stands: of this truth, whole, and with every witness that can be asked today. */
export function stands(result: CaseResult, truth: Truth, verify: 'can-be-asked' | 'cannot'): boolean {
  if (result.digest !== digestOf(truth) || result.broken) return false;
  return result.verify !== 'not run yet' || verify === 'cannot';
}

/** `=`, `not seen`, or the differences. */
function word(judgements: readonly Judgement[] | undefined, channel: string, member: string): string {
  const own = judgements?.find((one) => one.channel === channel && one.member === member);
  if (!own) return 'not run yet';
  if (own.verdict === 'differs') return own.differences.join('; ');
  return own.verdict === 'equal' ? '=' : 'not seen';
}

export function endpointResults(
  truth: Truth,
  wire: readonly Judgement[] | undefined,
  verify: readonly Judgement[] | undefined,
): readonly EndpointResult[] {
  return truth.endpoints.map(({ channel, member, served }) => ({
    channel,
    member,
    truth: shortTruth(served),
    wire: word(wire, channel, member),
    verify: word(verify, channel, member),
  }));
}

/** The wire need not show every channel; a probe that was sent has to. */
export function stateOf(judgements: readonly Judgement[] | undefined, gaps: 'allowed' | 'not-allowed'): WitnessState {
  if (!judgements) return 'not run yet';
  const wrong = judgements.some(
    (one) => one.verdict === 'differs' || (gaps === 'not-allowed' && one.verdict === 'not-seen'),
  );
  return wrong ? 'differs' : 'equal';
}
