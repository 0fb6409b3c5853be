import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { FAMILIES } from '../../src/http/families.ts';
import { missing } from '../support/capture-tools.ts';
import { read, root } from '../support/repository.ts';

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const RULES = 'docs/prometheus/flinkprobe.rules.yaml';
const { groups } = parse(read(RULES)) as { groups: readonly { readonly rules: readonly AlertRule[] }[] };
const rules = groups.flatMap((group) => group.rules);

t.test('the shipped alert rules ask for metrics and labels that /metrics has', async (t) => {
  t.ok(rules.length > 10);
  for (const { alert, expr, annotations } of rules) {
    const names = expr.match(/flinkprobe_\w+/g) ?? [];
    t.ok(names.length > 0, alert);
    const labels = new Set<string>();
    for (const name of names) {
      t.ok(name in FAMILIES, `${alert}: ${name}`);
      for (const label of FAMILIES[name as keyof typeof FAMILIES]?.labels ?? []) labels.add(label);
    }
    for (const [, label] of `${expr} ${Object.values(annotations).join(' ')}`.matchAll(
      /(?:\$labels\.|\{)(\w+)(?==|\b)/g,
    )) {
      if (label !== undefined && !/^(?:value|labels)$/.test(label)) t.ok(labels.has(label), `${alert}: label ${label}`);
    }
    t.strictSame(Object.keys(annotations), ['summary', 'description', 'runbook'], alert);
  }
});

t.test('every shipped alert rule is tested', async (t) => {
  const tested = read('docs/prometheus/flinkprobe.rules.test.yaml');
  for (const { alert } of rules) t.match(tested, new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n +- `), alert);
});

t.test('promtool takes the shipped alert rules, and their tests pass', { skip: missing('promtool') }, async (t) => {
  const cwd = path.join(root, 'docs/prometheus');
  for (const args of [
    ['check', 'rules', 'flinkprobe.rules.yaml'],
    ['test', 'rules', 'flinkprobe.rules.test.yaml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd, encoding: 'utf8' });
    t.equal(status, 0, `${stdout}${stderr}`);
  }
});
