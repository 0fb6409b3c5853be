import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FixPlan } from '../../src/model/fix-plan.ts';
import type { Report } from '../../src/model/report.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { flinkprobe } from './command-line.ts';

/** Programs that a plan's own steps call. */
const TOOLS = ['bash', 'patch', 'perl', 'keytool', 'openssl', 'install'] as const;

/** Why a plan cannot be carried out here; `false`: it can. */
export function lackingTools(needed: readonly string[] = TOOLS): string | false {
  const missing = needed.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
  return missing.length > 0 && `${missing.join(', ')} not found`;
}

export interface Planned {
  readonly status: number;
  readonly report: Report;
  readonly plan: FixPlan;
  /** As printed. */
  readonly text: string;
}

/** Audits with `--fix-plan`, to text and JSON. */
export async function planned(folder: string, args: readonly string[]): Promise<Planned> {
  const file = path.join(folder, 'plan.json');
  const { status, stdout, stderr } = await flinkprobe([
    'audit',
    ...args,
    '--fix-plan',
    '--format=text',
    `--format=json=${file}`,
  ]);
  if (status === 3 || status === 4) throw new Error(stderr);
  const report = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (report.fixPlan === undefined) throw new Error('no plan in the report');
  return { status: status!, report, plan: report.fixPlan, text: stdout };
}

/** Times at which the new certificates start, so that a plan means the same whenever it is tested. */
const START = '-startdate "2026/11/22 00:00:00" -validity';

/**
 * Carries out what a plan says to do on hosts: commands and patches, in its order, in one shell. What is Flink's own
 * (`bin/…`) and the checks by flinkprobe are left out.
 *
 * @param ssl folder that takes the place of /opt/flink/ssl
 * @param secret what is typed wherever the plan asks
 */
export function carryOut({ plan, text }: Planned, folder: string, ssl: string, secret: string): string {
  const moved = (one: string): string => one.replaceAll('/opt/flink/ssl', ssl).replaceAll('-validity', START);
  const patches = path.join(folder, 'plan.txt');
  writeFileSync(patches, moved(text));
  const lines = plan.steps.flatMap(({ commands, files }) => [
    ...commands.filter((line) => !/^(?:bin\/|flinkprobe |#)/.test(line)).map(moved),
    ...(files.some(({ patch }) => patch !== null) ? [`patch -d / -p0 < ${patches}`] : []),
  ]);
  const script = path.join(folder, 'plan.sh');
  writeFileSync(script, `set -e\n${lines.join('\n')}\n`);
  const { status, stdout, stderr } = spawnSync('bash', [script], {
    cwd: folder,
    encoding: 'utf8',
    input: `${secret}\n`.repeat(12),
    env: { ...process.env, FLINK_REST_HOST: 'jm' },
  });
  if (status !== 0) throw new Error(`the plan failed: ${stdout}${stderr}`);
  if (/fuzz|offset|FAILED/.test(stdout)) throw new Error(`the patch does not fit: ${stdout}`);
  return stdout;
}
