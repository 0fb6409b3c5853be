import t from 'tap';
import { budgetText, dryRunText } from '../../src/cli/dry-run.ts';
import { Progress } from '../../src/cli/progress.ts';
import type { Target } from '../../src/observe/active/types.ts';

function stream(isTTY: boolean, columns = 40): { readonly written: string[]; readonly stream: NodeJS.WriteStream } {
  const written: string[] = [];
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  return { written, stream: { isTTY, columns, write } as unknown as NodeJS.WriteStream };
}

t.test('on a terminal one line counts the endpoints and is gone at the end', async (t) => {
  const { written, stream: terminal } = stream(true);
  const progress = new Progress(terminal);
  progress.start(2);
  progress.step('tm2:6121');
  progress.step(`a-very-long-name-${'x'.repeat(40)}:1`);
  progress.end();
  const lines = written.map((text) => text.replace('\r\u001b[K', ''));
  t.strictSame(lines.slice(0, 2), ['probing 0/2', 'probing 1/2  tm2:6121']);
  t.equal(lines[2]!.length, 39, 'never longer than the line');
  t.equal(lines[3], '');
  t.ok(written.every((text) => text.startsWith('\r\u001b[K') && !text.includes('\n')));
});

t.test('where nobody watches nothing is written', async (t) => {
  const { written, stream: file } = stream(false);
  const progress = new Progress(file);
  progress.start(1);
  progress.step('x');
  progress.end();
  t.strictSame(written, []);
});

const TARGETS: readonly Target[] = [
  { name: 'jm', address: '10.0.0.1', port: 6124, channel: 'blob-server', channelBasis: 'argument', member: 'jm' },
  { name: '::1', address: '::1', port: 7000, channelBasis: 'argument' },
];
const PLAN = {
  located: { targets: TARGETS, lost: [{ name: 'gone', port: 1, channelBasis: 'argument', because: 'unresolved' }] },
  budget: { endpoints: 2, connections: 8, logLines: 1 },
  shortfalls: ['1 of 2 TaskManagers registered\u001b[31m'],
} as const;

t.test('a dry run lists endpoints with their addresses, what is missing, and the budget', async (t) => {
  t.strictSame(dryRunText(PLAN, 'quick', 'fitted').split('\n'), [
    'CHANNEL      ENDPOINT    ADDRESS        MEMBER  KNOWN BY',
    'blob-server  jm:6124     10.0.0.1:6124  jm      argument',
    'to be found  [::1]:7000  [::1]:7000     -       argument',
    'to be found  gone:1      unresolved     -       argument',
    'incomplete: 1 of 2 TaskManagers registered\\x1b[31m',
    "2 endpoints, at most 8 connections and 1 WARN or ERROR line in Flink's logs (profile quick)",
    '',
  ]);
  t.strictSame(dryRunText(PLAN, 'quick', 'plain').split('\n').slice(-3), [
    'incomplete\t1 of 2 TaskManagers registered\\x1b[31m',
    'budget\tquick\t2\t8\t1',
    '',
  ]);
});

t.test('one endpoint is no endpoints', async (t) => {
  const budget = { endpoints: 1, connections: 4, logLines: 2 };
  t.match(budgetText({ budget }, 'quick'), /^1 endpoint, at most 4 connections and 2 WARN or ERROR lines/);
});
