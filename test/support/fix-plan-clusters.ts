import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import type { Finding } from '../../src/model/report.ts';
import { recorded } from './audited.ts';
import { carryOut, lackingTools, type Planned, planned } from './fix-plan.ts';
import { root } from './repository.ts';
import { temporary } from './temporary.ts';

const folder = temporary();

/** What every store of the recordings opens by; it must never be printed. */
export const SECRET = 'flinkpw';
export const NOW = '--now=2026-11-23T13:00:00Z';
const MEMBERS = ['jm', 'tm1', 'tm2'];
let made = 0;

export interface Cluster {
  readonly folder: string;
  readonly ssl: string;
  readonly conf: readonly string[];
  /** What is typed where a plan asks, if it is another one. */
  readonly secret?: string;
}

/** Stores of the recordings; `as`: under another one's name. */
export function cluster(
  files: Readonly<Record<string, readonly [string, string]>>,
  stores: Readonly<Record<string, string>>,
): Cluster {
  const own = path.join(folder, String(made++));
  const ssl = path.join(own, 'ssl');
  mkdirSync(ssl, { recursive: true });
  for (const [as, name] of Object.entries(stores)) {
    copyFileSync(path.join(root, 'test/vectors/ssl', name), path.join(ssl, as));
    chmodSync(path.join(ssl, as), 0o600);
  }
  const conf = Object.entries(files).map(([member, [name, text]]) => {
    const target = path.join(own, member);
    mkdirSync(target);
    writeFileSync(path.join(target, name), text.replaceAll('/opt/flink/ssl', ssl), { mode: 0o600 });
    return `--conf=${member}=${target}`;
  });
  return { folder: own, ssl, conf };
}

export const STORES: Readonly<Record<string, string>> = {
  'internal.p12': 'internal.p12',
  'internal-trust.p12': 'internal-trust.p12',
  'rest.p12': 'rest.p12',
  'rest-trust.p12': 'rest-trust.p12',
};

/** All members of a recorded cluster, with further lines. */
export function recordedCluster(name: string, stores: Readonly<Record<string, string>> = STORES, more = ''): Cluster {
  return cluster(
    Object.fromEntries(
      MEMBERS.map((member) => {
        const source = recorded(name, member).slice(member.length + 1);
        const file = readdirSync(source).find((one) => /^(?:flink-conf|config)\.yaml$/.test(one))!;
        return [member, [file, readFileSync(path.join(source, file), 'utf8') + more]] as const;
      }),
    ),
    stores,
  );
}

const text = ({ ruleId, file, message }: Finding): string =>
  `${ruleId} ${file?.path ?? ''}:${file?.line ?? ''} ${message}`;
const failing = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(({ verdict, severity }) => verdict === 'fail' && !['low', 'info'].includes(severity));

/** Audits, plans, does what the plan says, audits again. */
export async function mended(
  t: Test,
  { folder: own, ssl, conf, secret = SECRET }: Cluster,
  ...more: readonly string[]
): Promise<{ readonly before: Planned; readonly after: Planned }> {
  const before = await planned(own, [...conf, NOW, ...more]);
  t.notMatch(before.text, secret, 'no password in the text');
  t.notMatch(JSON.stringify(before.report), secret, 'no password in the report');
  const named = new Set(before.plan.findings.map(({ fingerprint }) => fingerprint));
  t.strictSame(
    failing(before.report.findings)
      .filter(({ fingerprint }) => !named.has(fingerprint))
      .map(text),
    [],
    'nothing is silently left out',
  );
  carryOut(before, own, ssl, secret);
  const after = await planned(own, [...conf, NOW, ...more]);
  const left = new Set(
    before.plan.findings.filter(({ cure }) => cure === 'by-hand').map(({ fingerprint }) => fingerprint),
  );
  t.strictSame(
    failing(after.report.findings)
      .filter(({ fingerprint }) => !left.has(fingerprint))
      .map(text),
    [],
    'what the plan mends is gone, and nothing came instead',
  );
  return { before, after };
}

/** Why plans cannot be carried out here. */
export const skip: string | false = lackingTools();
