import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadRules } from '../../src/evaluate/directory.ts';
import { verdictTexts } from '../../src/evaluate/rule-facts.ts';
import { SEVERITIES } from '../../src/model/report.ts';

const rules = await loadRules();
/** Sources and tests stand side by side in the built tree as they do in the repository. */
const built = fileURLToPath(new URL('../../', import.meta.url));

t.test('every rule has all its texts, long enough to help', async (t) => {
  t.ok(rules.length >= 25);
  for (const rule of rules) {
    t.match(rule.id, /^[a-z0-9]+(-[a-z0-9]+)*$/, rule.id);
    t.ok(SEVERITIES.includes(rule.severity), `${rule.id} has a severity`);
    t.match(rule.title, /^[A-Z].{10,80}[^.]$/, `${rule.id} has a title that is no sentence`);
    const sentences = rule.rationale.split(/[.:;](?:\s|$)/).filter((one) => one !== '').length;
    t.ok(rule.rationale.length >= 120 && sentences >= 2, `${rule.id} has a rationale of some sentences`);
    t.match(rule.remediation.text, /^[A-Z].{20,}\.$/, `${rule.id} has a remediation`);
    t.ok(rule.references.length > 0, `${rule.id} has references`);
  }
});

t.test('every rule says how it decides and what its verdicts mean, in clauses that differ', async (t) => {
  for (const rule of rules) {
    t.match(rule.decides, /^[A-Z].{60,}\.$/, `${rule.id} says how it is decided`);
    const sentences = rule.decides.split(/(?<=\.)\s+(?=[A-Z])/);
    t.ok(sentences.length <= 3, `${rule.id} says how it is decided in at most three sentences`);
    const texts = verdictTexts(rule);
    t.ok(rule.verdicts.fail ?? rule.verdicts.inconclusive, `${rule.id} can say something`);
    t.equal(
      new Set(texts.map(([, text]) => text)).size,
      texts.length,
      `${rule.id} says of each verdict something else`,
    );
    for (const [verdict, text] of texts)
      t.match(text, /^\S.{8,}[^.\s]$/, `${rule.id} ${verdict}: a clause without a full stop`);
    if (rule.scope === 'cluster') t.ok(rule.hears, `${rule.id}, of the whole run, names its witnesses`);
  }
});

t.test(
  'texts keep one style: no exclamation, no dash, no second person, no repetition between title, why and cure',
  async (t) => {
    for (const rule of rules) {
      const { id, title, rationale, remediation } = rule;
      const told = verdictTexts(rule).map(([, text]) => text);
      const all = [title, rationale, rule.decides, ...told, remediation.text].join(' ');
      t.notMatch(all, /[!–—]|\b[Yy]ou(r)?\b|\b[Pp]lease\b|\be\.g\.|\bi\.e\./, id);
      t.match(rationale, /\.$/, `${id} ends its rationale with a full stop`);
      t.notOk(rationale.includes(title) || remediation.text.includes(title), `${id} repeats its title`);
      const sentences = rationale.split(/(?<=\.)\s+(?=[A-Z])/);
      t.ok(sentences.length >= 1 && sentences.length <= 4, `${id} says why in at most four sentences`);
      for (const sentence of sentences) t.notOk(remediation.text.includes(sentence), `${id} says a sentence twice`);
    }
  },
);

t.test(
  'every reference is a page of the RFC editor, of Flink or of what it runs on, or a name to look up',
  async (t) => {
    const known =
      /^(https:\/\/www\.rfc-editor\.org\/rfc\/rfc\d+(#(section|appendix)-[\w.]+)?|https:\/\/nightlies\.apache\.org\/flink\/flink-docs-stable\/docs\/\S+\/|https:\/\/kubernetes\.io\/docs\/\S+\/|https:\/\/man7\.org\/linux\/man-pages\/\S+\.html|(FLINK|JDK|CVE)-[\d-]+|NIST SP \S+|Flink documentation: .+|tcpdump\(8\): .+|flinkprobe verify: .+)$/;
    for (const rule of rules)
      for (const reference of rule.references) t.match(reference, known, `${rule.id}: ${reference}`);
  },
);

t.test('every setting that a rule names is a key of Flink', async (t) => {
  // CFG/SecurityOptions.java; other keys belong to a channel and come from its probe.
  const keys =
    /^security\.ssl\.(protocol|algorithms|internal\.enabled|rest\.(enabled|authentication-enabled|truststore|truststore-password))$/;
  for (const rule of rules)
    for (const key of Object.keys(rule.remediation.settings)) t.match(key, keys, `${rule.id}: ${key}`);
});

t.test('every rule has a test of its name, and every test a rule', async (t) => {
  const ids = rules.map((rule) => rule.id);
  for (const id of ids) t.ok(existsSync(`${built}test/rules/${id}.test.js`), `${id} has a test`);
  const tested = readdirSync(`${built}test/rules`)
    .filter((name) => name.endsWith('.test.js') && name !== 'contract.test.js')
    .map((name) => name.slice(0, -'.test.js'.length));
  for (const id of tested) t.ok(ids.includes(id), `${id} is a rule`);
});

t.test('no rule imports another, a clock, files or sockets', async (t) => {
  for (const name of readdirSync(`${built}src/rules`).filter((one) => one.endsWith('.js'))) {
    const text = readFileSync(`${built}src/rules/${name}`, 'utf8');
    const imports = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1]!);
    for (const one of imports) t.match(one, /^(\.\/support\/|\.\.\/tls\/)/, `${name} imports ${one}`);
    t.notMatch(text, /Date\.now\(|new Date\(\)/, `${name} reads no clock`);
  }
});
