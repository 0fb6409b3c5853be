import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding, Report } from '../../../src/model/report.ts';
import { logsUntil } from './audit-witness.ts';
import { type Bed, withCluster } from './bed.ts';
import type { Case } from './cases.ts';
import {
  type Cluster,
  configurationFolder,
  everythingListens,
  registered,
  restart,
  type Setting,
  settle,
  start,
  until,
  writeNames,
} from './cluster.ts';
import { secondsSince } from './command.ts';
import { baseSettings, GCM, restTls, type Settings, writeConfiguration } from './configuration.ts';
import type { Distribution } from './distribution.ts';
import { SOUND } from './journeys.ts';
import type { KeyStore, KeyStores } from './keystores.ts';
import { markLogs } from './log-lines.ts';
import { CLUSTER_MEMBERS, type ClusterMember } from './members.ts';
import { type Recorder, record } from './recorder.ts';
import { type BesideResult, digestOf, had } from './results.ts';
import { configurations, failure, flinkprobe, identityFile, targets } from './witnesses.ts';

export type WitnessName = keyof Finding['witnesses'];

/** Two witnesses that are made to contradict each other on a real cluster, and what has to be told. */
export interface Contradiction {
  readonly between: readonly [WitnessName, WitnessName];
  readonly what: string;
  /** Rules of which one has to tell it, with a word of both witnesses. */
  readonly rules: readonly string[];
}

const between = (one: WitnessName, other: WitnessName, what: string, ...rules: readonly string[]): Contradiction => ({
  between: [one, other],
  what,
  rules,
});

export type ContradictionName =
  | 'capturedBefore'
  | 'switchedOnInTheFile'
  | 'switchedOffInTheFile'
  | 'logOfAnotherStart'
  | 'renewedOnDisk'
  | 'logOfAnotherStartAsked'
  | 'otherSettings';

export const CONTRADICTIONS: Readonly<Record<ContradictionName, Contradiction>> = {
  capturedBefore: between(
    'wire',
    'handshake',
    'captured with TLS, all members restarted without, then asked',
    'wire-and-handshake-differ',
  ),
  switchedOnInTheFile: between(
    'wire',
    'promise',
    'files that ask for TLS, a cluster that was started without',
    'configured-tls-is-not-served',
  ),
  switchedOffInTheFile: between(
    'wire',
    'promise',
    'TLS switched off in the files of a running cluster',
    'tls-without-a-reason',
  ),
  logOfAnotherStart: between(
    'wire',
    'record',
    'logs of a start with TLS, captured after one without',
    'log-and-wire-differ',
  ),
  renewedOnDisk: between(
    'handshake',
    'promise',
    'another certificate on disk than the one that is served',
    'served-certificate-is-not-the-one-on-disk',
  ),
  logOfAnotherStartAsked: between(
    'handshake',
    'record',
    'logs of a start with TLS, asked after one without',
    'log-and-wire-differ',
  ),
  otherSettings: between(
    'promise',
    'record',
    'files changed after the start, by the properties in the logs',
    'log-and-configuration-differ',
  ),
};

/** Rules that tell nothing but contradictions: none of them may speak of a sound cluster. */
const CONTRADICTING: readonly string[] = [...new Set(Object.values(CONTRADICTIONS).flatMap(({ rules }) => rules))];

export interface ContradictionResult extends BesideResult {
  readonly kind: 'contradictions';
  /** What was told of each, by name. */
  readonly told: Readonly<Record<string, string>>;
}

export const contradictionDigest = ({ version }: Pick<Distribution, 'version'>): string =>
  `${digestOf(version, SOUND)}-${Object.keys(CONTRADICTIONS).length}`;

/** A sound cluster, then one without internal TLS; at each stage a witness is given what is of the other. */
export async function runContradictions(bed: Bed, flink: Distribution): Promise<ContradictionResult> {
  const began = performance.now();
  const common = {
    ...({ kind: 'contradictions', version: flink.version.version, digest: contradictionDigest(flink) } as const),
    ...had(bed),
  };
  const seconds = (): ContradictionResult['seconds'] => ({ all: secondsSince(began) });
  let recorder: Recorder | undefined;
  const begin = async (setting: Setting): Promise<Cluster> => {
    recorder = await record(setting.network, join(setting.folder, 'tls.pcap'), join(setting.folder, 'tcpdump.txt'));
    return start({ ...setting, stores: ownStores(setting) });
  };
  try {
    const found = await withCluster(bed, flink, SOUND, (cluster) => contradict(cluster, recorder!), begin);
    return { ...common, seconds: seconds(), ...found };
  } catch (error) {
    const differences = [(error as Error).message];
    return { ...common, seconds: seconds(), verdict: 'differs', differences, told: {} };
  } finally {
    await recorder?.stop();
  }
}

/** Copies that one cluster may have to itself, to be changed on disk. */
function ownStores({ stores, folder }: Setting): KeyStores {
  const place = join(folder, 'stores');
  mkdirSync(place, { recursive: true });
  const own = (store: KeyStore): KeyStore => {
    const [keyStore, trustStore] = [join(place, `${store.name}.p12`), join(place, `${store.name}-trust.p12`)];
    copyFileSync(store.keyStore, keyStore);
    copyFileSync(store.trustStore, trustStore);
    return { ...store, keyStore, trustStore };
  };
  return { ...stores, internal: own(stores.internal) };
}

const AGAIN = 60;

const withoutInternalTls = (stores: KeyStores): Settings => ({
  ...restTls(stores.rest),
  'security.ssl.rest.authentication-enabled': 'true',
  ...GCM,
});

type Found = Pick<ContradictionResult, 'verdict' | 'differences' | 'told'>;

async function contradict(cluster: Cluster, recorder: Recorder): Promise<Found> {
  const { folder, stores } = cluster.setting;
  const ledger = new Ledger();
  await settle(cluster);
  await recorder.stop();
  const withTls = join(folder, 'tls.pcap');
  const logs = logsUntil(cluster, markLogs(cluster), 'with-tls').flatMap((file) => ['--log', file]);
  const promise = configurations(cluster);

  ledger.sound('recording', await ask(cluster, 'sound-wire', ['analyze', withTls, ...promise, ...logs]));
  ledger.sound('handshake', await verify(cluster, 'sound-handshake', [...promise, ...logs]));

  const off = configurations(cluster, written(cluster, 'off', withoutInternalTls(stores)));
  ledger.tell('switchedOffInTheFile', await ask(cluster, 'file-off', ['analyze', withTls, ...off]));
  ledger.tell('otherSettings', await ask(cluster, 'file-and-log', ['audit', ...off, ...logs]));

  const { internal, other } = stores;
  const renewed = { keyStore: `${internal.keyStore}.before`, trustStore: `${internal.trustStore}.before` };
  copyFileSync(internal.keyStore, renewed.keyStore);
  copyFileSync(internal.trustStore, renewed.trustStore);
  copyFileSync(other.keyStore, internal.keyStore);
  copyFileSync(other.trustStore, internal.trustStore);
  ledger.tell('renewedOnDisk', await verify(cluster, 'renewed', promise));
  copyFileSync(renewed.keyStore, internal.keyStore);
  copyFileSync(renewed.trustStore, internal.trustStore);

  // What the files said while the first start was running; the restart writes them anew.
  const before = join(folder, 'promised');
  for (const member of CLUSTER_MEMBERS)
    cpSync(configurationFolder(folder, member), join(before, member), { recursive: true });
  const promised = configurations(cluster, (member) => join(before, member));
  const clear: Case = { ...SOUND, settings: (_, all) => withoutInternalTls(all) };
  await restart(cluster, CLUSTER_MEMBERS, clear);
  const inClear = join(folder, 'clear.pcap');
  const second = await record(cluster.setting.network, inClear, join(folder, 'tcpdump-2.txt'));
  try {
    await until(cluster, 'ports after the restart', AGAIN, async () => everythingListens(cluster));
    await until(cluster, 'TaskManagers after the restart', AGAIN, async () => (await registered(cluster)) === 2);
  } finally {
    await second.stop();
  }
  ledger.tell('switchedOnInTheFile', await ask(cluster, 'file-on', ['analyze', inClear, ...promised]));
  ledger.tell('logOfAnotherStart', await ask(cluster, 'other-log', ['analyze', inClear, ...logs]));
  ledger.tell('logOfAnotherStartAsked', await verify(cluster, 'other-log-asked', logs));
  ledger.tell('capturedBefore', await verify(cluster, 'captured-before', ['--capture', withTls]));
  return ledger.result();
}

/** Configurations that no process was started with. */
function written(cluster: Cluster, name: string, more: Settings): (member: ClusterMember) => string {
  const { folder, network, distribution, theCase } = cluster.setting;
  for (const member of CLUSTER_MEMBERS) {
    const base = baseSettings(member, network.site, join(folder, member), theCase.ports ?? 'fixed');
    writeConfiguration(join(folder, name, member), distribution.version, { ...base, ...more });
  }
  return (member) => join(folder, name, member);
}

/** A report of flinkprobe. @throws Error when it gives none */
async function ask(cluster: Cluster, name: string, args: readonly string[], asProber = false): Promise<Report> {
  const { folder, network } = cluster.setting;
  const names = args[0] === 'audit' ? [] : ['--names', writeNames(cluster.setting)];
  const prefix = asProber ? network.as('prober', []) : [];
  const answer = await flinkprobe(prefix, [...args, ...names], join(folder, `contradiction-${name}.json`));
  if (!answer.report) throw failure(name, answer);
  return answer.report;
}

function verify(cluster: Cluster, name: string, more: readonly string[]): Promise<Report> {
  const identity = ['--identity', `internal=${identityFile(cluster, 'internal')}`];
  return ask(cluster, name, ['verify', ...targets(cluster), '--profile', 'quick', ...identity, ...more], true);
}

/** What was told of each contradiction, and what should have been. */
class Ledger {
  readonly #told: Record<string, string> = {};
  readonly #differences: string[] = [];

  /** Of a sound cluster no contradiction may be told. */
  sound(name: string, { findings }: Report): void {
    for (const { ruleId, message, verdict } of findings) {
      if (verdict !== 'fail' || !CONTRADICTING.includes(ruleId)) continue;
      this.#differences.push(`${name} of the sound cluster: ${ruleId}: ${message}`);
    }
  }

  tell(name: ContradictionName, { findings }: Report): void {
    const { between: pair, rules } = CONTRADICTIONS[name];
    const told = findings.filter(({ ruleId, verdict }) => verdict === 'fail' && rules.includes(ruleId));
    if (told.length === 0) {
      this.#differences.push(`${name}: ${rules.join(', ')} not told`);
      return;
    }
    this.#told[name] = [...new Set(told.map(({ ruleId, severity }) => `${ruleId} (${severity})`))].join(', ');
    const isHeard = ({ witnesses }: Finding): boolean =>
      pair.every((one) => witnesses[one] !== 'not-heard') && pair.some((one) => witnesses[one] === 'fail');
    if (told.some(isHeard)) return;
    const words = told.map(({ witnesses }) => pair.map((one) => `${one} ${witnesses[one]}`).join(', '));
    this.#differences.push(
      `${name}: both witnesses have to be heard, one of them against, said is ${[...new Set(words)].join('; ')}`,
    );
  }

  result(): Found {
    const verdict = this.#differences.length > 0 ? 'differs' : 'equal';
    return { verdict, differences: this.#differences, told: this.#told };
  }
}
