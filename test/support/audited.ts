import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readConfigurations } from '../../src/cli/configuration-sources.ts';
import { parseConfigurations } from '../../src/cli/configurations.ts';
import { configurationSubjects } from '../../src/cli/disk-witness.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { type Evaluation, evaluate } from '../../src/evaluate/engine.ts';
import { expectations } from '../../src/flink/expectation.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { Finding, Verdict } from '../../src/model/report.ts';
import type { Rule } from '../../src/model/rule.ts';
import { type GivenStore, readStores } from '../../src/observe/key-stores.ts';
import { onlyOne, worst } from './judged.ts';
import { NOW } from './lab.ts';
import { explained } from './told-verdicts.ts';

const probes = await loadProbes();
const folder = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-audit-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

export type Lines = Readonly<Record<string, string>>;

export interface AuditedOptions {
  readonly flinkVersion?: string;
  readonly jdkVersion?: string;
  readonly now?: number;
  readonly policy?: Policy;
  /** Stores of `test/vectors/ssl` that stand in for those that a configuration names. */
  readonly stores?: readonly string[];
  /** Handed in, with this password. */
  readonly given?: readonly GivenStore[];
}

/** `NAME=FOLDER` of a configuration file of these lines, mode 0600. */
export function written(lines: Lines | string, member = 'jm', mode = 0o600): string {
  const text = typeof lines === 'string' ? lines : textOf(lines);
  const own = path.join(folder, String(made++), member);
  mkdirSync(own, { recursive: true });
  writeFileSync(path.join(own, 'config.yaml'), text);
  chmodSync(path.join(own, 'config.yaml'), mode);
  return `${member}=${own}`;
}

function textOf(lines: Lines): string {
  return Object.entries(lines)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');
}

/** The configuration of one process of a recorded cluster, as `--conf` takes it. */
export function recorded(name: string, member: string): string {
  const found = ['captures', 'test/captures']
    .map((one) => fileURLToPath(new URL(`../../../${one}/${name}.conf/${member}`, import.meta.url)))
    .find(existsSync);
  if (found === undefined) throw new Error(`no configuration ${name}/${member}`);
  return `${member}=${found}`;
}

/** A store of the recorded clusters, copied, with a mode of its own. */
export function store(name: string, mode = 0o600, as: string = name): string {
  const own = path.join(folder, String(made++));
  mkdirSync(own);
  const file = path.join(own, as);
  copyFileSync(fileURLToPath(new URL(`../../../test/vectors/ssl/${name}`, import.meta.url)), file);
  chmodSync(file, mode);
  return file;
}

/** One rule over configurations and stores, with the real probes. */
export async function audited(
  rule: Rule,
  conf: readonly (string | Lines)[],
  options: AuditedOptions = {},
): Promise<Evaluation> {
  const configurations = await readConfigurations({
    conf: conf.map((one) => (typeof one === 'string' ? one : written(one))),
  });
  const { flinkVersion, jdkVersion, now = NOW } = options;
  const version = flinkVersion === undefined ? {} : { flinkVersion };
  const parsed = await parseConfigurations({ configurations, ...version });
  const owners = parsed.map((configuration, index) => ({
    member: configuration.member,
    path: configurations[index]!.path,
    configuration,
  }));
  const stores = (options.stores ?? []).map((name) => ({ path: store(name) }));
  const readings = readStores(owners, [...stores, ...(options.given ?? [])], now);
  const evaluation = evaluate([rule], [], expectations(parsed, probes), {
    now,
    probes,
    configurations: configurationSubjects({ configurations, machine: 'own' }, parsed, probes, readings),
    stores: readings.subjects,
    ...version,
    ...(options.policy === undefined ? {} : { policy: options.policy }),
    ...(jdkVersion === undefined ? {} : { jdkVersion }),
  });
  return explained(rule, evaluation);
}

/** The worst verdict; a rule that threw fails the test at once. */
export async function auditVerdict(...args: Parameters<typeof audited>): Promise<Verdict> {
  return worst(await audited(...args));
}

export async function auditFindings(...args: Parameters<typeof audited>): Promise<readonly Finding[]> {
  const { findings, errors } = await audited(...args);
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return findings;
}

/** The only finding; throws where there is none, or more than one. */
export async function auditFinding(...args: Parameters<typeof audited>): Promise<Finding> {
  return onlyOne(await auditFindings(...args));
}

/** All that internal TLS needs, as Flink's guide has it. */
export const INTERNAL: Lines = {
  'security.ssl.internal.enabled': 'true',
  'security.ssl.internal.keystore': '/nowhere/ssl/internal.p12',
  'security.ssl.internal.keystore-password': 'flinkpw',
  'security.ssl.internal.key-password': 'flinkpw',
  'security.ssl.internal.truststore': '/nowhere/ssl/internal-trust.p12',
  'security.ssl.internal.truststore-password': 'flinkpw',
};

export const REST: Lines = {
  'security.ssl.rest.enabled': 'true',
  'security.ssl.rest.keystore': '/nowhere/ssl/rest.p12',
  'security.ssl.rest.keystore-password': 'flinkpw',
  'security.ssl.rest.key-password': 'flinkpw',
};

/** Names of the stores above. */
export const STORES: readonly string[] = ['internal.p12', 'internal-trust.p12', 'rest.p12'];
