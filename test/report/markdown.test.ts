import fc from 'fast-check';
import t from 'tap';
import { formatMarkdown } from '../../src/report/markdown.ts';
import { inCode, inText } from '../../src/report/markdown-escape.ts';
import { everyKindReport, hostileReport, hostileText } from '../support/hostile-reports.ts';
import { codeBlocks, tables } from '../support/markdown.ts';
import { python, withoutPython } from '../support/python.ts';
import { recordedReport } from '../support/recorded-report.ts';
import { cleanReport, finding, sampleReport } from '../support/sample-report.ts';

t.test('a capture of a cluster that lost TLS: verdict, endpoints, findings with proof and fix', async (t) => {
  const text = formatMarkdown(await recordedReport('1.20.3-w-off'));
  t.match(text, /^## flinkprobe analyze: FAIL\n\n\*\*1 critical, 1 high\*\*/);
  t.strictSame(
    tables(text)[0]!.map(({ channel, result, TLS }) => [channel, result, TLS]),
    [
      ['rest', 'FAIL critical', 'clear'],
      ['jobmanager-rpc', 'FAIL high', 'mixed 1.2 ECDHE-AES128-GCM'],
    ],
  );
  t.match(text, '### FAIL critical: Channel in clear where TLS is expected `plaintext-channel`\n');
  const blocks = codeBlocks(text);
  t.match(blocks[0], { language: 'text', lines: [/^frame 45, o3: 10\.77\.0\.9:53924 -> jm/] });
  t.match(blocks[1], { language: 'yaml', lines: ['security.ssl.rest.enabled: true'] });
  t.match(text, '- not seen, and so not judged: taskmanager-rpc, taskmanager-data, blob-server, metrics-query-service');
});

t.test('what is waived is folded, not hidden; what is undecided, thrown or cut short is said', async (t) => {
  const text = formatMarkdown(everyKindReport());
  t.match(text, /^## flinkprobe analyze: FAIL, incomplete\n/);
  t.match(text, '> The run was interrupted: this is what was found so far.');
  t.match(text, '> metrics-query-service: asked for, not seen.');
  t.match(text, /### INCONCLUSIVE critical: .* `rule-undecided`/);
  t.match(text, /### ERROR critical: .* `rule-threw`/);
  t.match(text, /### WARN low: .* `rule-low`/);
  const folded = /<details>\n<summary>1 waived<\/summary>([\s\S]*)<\/details>/.exec(text)![1]!;
  t.match(folded, 'WAIVED critical');
  t.match(folded, 'until 2026-12-31 by platform-team: encrypted by the mesh (`metrics-2026`)');
});

t.test('it fits into a comment, however much was found: the rest is named, then counted', async (t) => {
  const many = Array.from({ length: 600 }, (_, index) =>
    finding({
      ruleId: `rule-${index}`,
      message: `text ${index} `.repeat(20),
      fingerprint: String(index).padStart(32, '0'),
    }),
  );
  const text = formatMarkdown(sampleReport({ findings: many }));
  // GitHub: 65,536 characters.
  t.ok(text.length < 65_536 && text.length > 40_000, `${text.length} characters`);
  const whole = [...text.matchAll(/^### FAIL critical/gm)].length;
  const [, rest] = /^### (\d+) more, without their details here$/m.exec(text)!;
  t.equal(whole + Number(rest), 600);
  const named = [...text.matchAll(/^- FAIL critical/gm)].length;
  const counted = Number(/^- and (\d+) more$/m.exec(text)?.[1] ?? 0);
  t.equal(named + counted, Number(rest));
  const long = formatMarkdown(hostileReport('x'.repeat(1_000_000)));
  t.ok(long.length < 65_536, `${long.length} characters of names without end`);
});

t.test('what means something is escaped where it does, and only there', async (t) => {
  t.equal(inText('jm 10.77.0.1:6123 - a, b (c)'), 'jm 10.77.0.1:6123 - a, b (c)');
  t.equal(inText('a|b `c` <b> [x](y) *z*'), 'a\\|b \\`c\\` \\<b\\> \\[x\\](y) \\*z\\*');
  t.equal(inText('# a'), '\\# a');
  t.equal(inText('12. a'), '12\\. a');
  t.equal(inText('- a'), '\\- a');
  t.equal(inText('https://x www.y'), 'https\\://x www\\.y');
  t.equal(inText('@team #12'), '@<!-- -->team #<!-- -->12');
  t.equal(inCode('a`b``c'), '```a`b``c```');
  t.equal(inCode('`a'), '`` `a ``');
});

/** Tags, where links lead, and the text, by GitHub's own parser; GitHub removes comments later. */
const RENDER = `
import cmarkgfm, html.parser, json, sys
from cmarkgfm.cmark import Options
class Seen(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self.cells, self.text = [], [], [], ''
    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ('href', 'src')]
        if tag == 'tr': self.cells.append(0)
        if tag in ('td', 'th'): self.cells[-1] += 1
    def handle_data(self, data): self.text += data
told = []
for page in json.load(sys.stdin):
    seen = Seen()
    seen.feed(cmarkgfm.github_flavored_markdown_to_html(page, Options.CMARK_OPT_UNSAFE))
    told.append({'tags': sorted(set(seen.tags)), 'links': seen.links, 'cells': sorted(set(seen.cells)), 'text': seen.text})
print(json.dumps(told))
`;

interface Rendered {
  readonly tags: readonly string[];
  readonly links: readonly string[];
  readonly cells: readonly number[];
  readonly text: string;
}

const OURS = ['h2', 'h3', 'p', 'strong', 'ul', 'li', 'code', 'pre', 'table', 'thead', 'tbody', 'tr', 'th', 'td'].concat(
  ...['details', 'summary', 'blockquote', 'br'],
);

t.test(
  "GitHub's parser finds no tag, link or cell that a name made",
  { skip: withoutPython('cmarkgfm') },
  async (t) => {
    const texts = fc.sample(hostileText, { numRuns: 150, seed: 8 });
    const pages = texts.map((text) => formatMarkdown(hostileReport(text)));
    const rendered = python(RENDER, JSON.stringify([...pages, '[a](http://x) <img src=y>'])) as Rendered[];
    t.strictSame(rendered.pop()!.links, ['http://x', 'y'], 'a link would be found');
    const faults = rendered.flatMap(({ tags, links, cells, text }, index) => [
      ...tags.filter((tag) => !OURS.includes(tag)).map((tag) => ({ index, tag })),
      ...links.map((link) => ({ index, link })),
      ...cells.filter((count) => count !== 7).map((count) => ({ index, count })),
      ...(text.includes('WAIVED critical') ? [] : [{ index, text }]),
    ]);
    t.strictSame(faults, []);
  },
);

t.test('no finding, nothing seen: nothing claims that all is well', async (t) => {
  const text = formatMarkdown(cleanReport({ observations: [], verdict: 'inconclusive' }));
  t.match(text, /^## flinkprobe analyze: INCONCLUSIVE\n/);
  t.notMatch(text, /PASS/);
});
