import assert from 'node:assert/strict';
import type { Test } from 'tap';
import type { Observation, TlsDetails } from '../../src/model/report.ts';
import type { Transcript } from '../../src/net/wire.ts';
import { PROFILES } from '../../src/observe/active/types.ts';
import { bothWays } from '../support/both-ways.ts';
import { Targets } from '../support/targets/start.ts';
import type { TargetId } from '../support/targets/target.ts';
import { type SurveyOptions, survey } from './support.ts';

/** One survey, and what a capture of its connections tells whoever reads it. */
export interface ReadAgain {
  readonly surveyed: Observation;
  /** One a connection that stood. */
  readonly read: readonly Observation[];
}

/**
 * Surveys an endpoint, writes the whole conversation to a capture, and reads it by `analyse`.
 *
 * @throws AssertionError where the connections look otherwise to those who made them than to those who read the file
 */
export async function surveyAndRead(
  endpoint: Parameters<typeof survey>[0],
  options: SurveyOptions,
  folder: string,
): Promise<ReadAgain> {
  const transcripts: Transcript[] = [];
  const keep = (transcript: Transcript): undefined => void transcripts.push(transcript);
  const surveyed = await survey(endpoint, { ...options, keep });
  const { live, read, attempts, written } = await bothWays(transcripts, folder);
  assert.equal(written.problem, undefined);
  assert.deepEqual(read, live);
  assert.deepEqual(attempts.read, attempts.live);
  assert.equal(read.length + attempts.read[0] + attempts.read[1], surveyed.asked?.connections);
  return { surveyed, read };
}

/** A test for each profile: what captures of these targets say has to be what surveys of them say. */
export async function readTargetsAgain(t: Test, ids: readonly TargetId[]): Promise<void> {
  const targets = await Targets.start(...ids);
  t.teardown(() => targets.stop());
  const folder = t.testdir({});
  for (const profile of PROFILES) {
    for (const id of ids) {
      const { surveyed, read } = await surveyAndRead(targets.get(id), { profile, channel: 'jobmanager-rpc' }, folder);
      t.strictSame(foldConnections(read), foldSurvey(surveyed), `${id}, ${profile}`);
    }
  }
}

/** What follows from connections about a server, by their observations alone. */
export interface Folded {
  /** Sorted. */
  readonly versions: readonly string[];
  readonly cipherSuites: Readonly<Record<string, readonly string[]>>;
  /** SHA-256 of the leaves, sorted, each once. */
  readonly leaves: readonly string[];
  readonly clientAuthentication: Readonly<Record<string, string>>;
}

/**
 * Written apart from the survey, from the contract of the report: a version is accepted where a ServerHello chose it, and
 * client authentication is what became of connections in which we showed no certificate.
 */
export function foldConnections(read: readonly Observation[]): Folded {
  const hellos = read.flatMap(({ tls }) => (tls?.version === undefined ? [] : [tls]));
  const versions = [...new Set(hellos.map((tls) => tls.version!))].sort();
  const of = (version: string): TlsDetails[] => hellos.filter((tls) => tls.version === version);
  return {
    versions,
    cipherSuites: Object.fromEntries(
      versions.map((version) => [version, [...new Set(of(version).map((tls) => tls.cipherSuite!))].sort()]),
    ),
    leaves: leavesOf(hellos),
    clientAuthentication: Object.fromEntries(versions.map((version) => [version, demandOf(of(version))])),
  };
}

/** The same of a survey's own observation. */
export function foldSurvey({ tls }: Observation): Folded {
  const { accepted, alternativeChains = [], clientAuthentication } = tls!;
  const versions = [...accepted!.versions].sort();
  const further = alternativeChains.map(({ chain }) => chain[0]!.sha256);
  return {
    versions,
    cipherSuites: Object.fromEntries(versions.map((one) => [one, [...(accepted!.cipherSuites[one] ?? [])].sort()])),
    leaves: [...new Set([...leavesOf([tls!]), ...further])].sort(),
    clientAuthentication: Object.fromEntries(
      versions.map((version) => [version, clientAuthentication.byVersion?.[version] ?? 'unknown']),
    ),
  };
}

function leavesOf(all: readonly TlsDetails[]): string[] {
  const leaves = all.flatMap(({ serverCertificate }) =>
    serverCertificate.seen === 'present' ? serverCertificate.chain.slice(0, 1).map(({ sha256 }) => sha256) : [],
  );
  return [...new Set(leaves)].sort();
}

function demandOf(connections: readonly TlsDetails[]): string {
  const strange = connections.filter(({ clientAuthentication: { presented } }) => presented !== 'certificate');
  const asks = strange.filter(
    ({ clientAuthentication: { verdict } }) => verdict === 'requested' || verdict === 'required',
  );
  if (strange.some(({ clientAuthentication: { verdict } }) => verdict === 'not-requested')) return 'not-requested';
  const empty = asks.filter(({ clientAuthentication: { presented } }) => presented === 'empty');
  if (empty.some(({ refusal }) => refusal?.from === 'server')) return 'required';
  return empty.some(({ outcome }) => outcome === 'established') ? 'requested' : 'unknown';
}
