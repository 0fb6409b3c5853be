import t from 'tap';
import { headerLine, SniffTable } from '../../src/cli/sniff-table.ts';
import type { Observation, StateTransfer } from '../../src/model/report.ts';

function terminal(isTTY: boolean, columns = 100, rows = 24): { stream: NodeJS.WriteStream; text: () => string } {
  let text = '';
  const write = (more: string): boolean => {
    text += more;
    return true;
  };
  const stream = { isTTY, columns, rows, write };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

function observation(channel: Observation['channel'], port: number, more: Partial<Observation> = {}): Observation {
  return {
    channel,
    kind: 'plaintext',
    server: { host: '10.0.0.1', port },
    client: { host: '10.0.0.2', port: 5 },
    plaintext: { protocol: 'flink-data' },
    ...more,
  } as Observation;
}

const transfer = { kind: 'records', bytes: 2048, frame: 7 } as unknown as StateTransfer;
const ESCAPE = String.fromCharCode(27);
/** What a terminal shows after the text: knows the two sequences that are used. */
function shown(text: string): string[] {
  const lines: string[] = [''];
  let at = 0;
  for (const part of text.split(new RegExp(`(${ESCAPE}\\[\\d+F${ESCAPE}\\[J|\\n)`))) {
    const up = /\[(\d+)F/.exec(part);
    if (up !== null) {
      at -= Number(up[1]);
      lines.length = at + 1;
      lines[at] = '';
    } else if (part === '\n') {
      lines[++at] = '';
    } else lines[at] += part;
  }
  return lines.slice(0, -1);
}

t.test('the table is painted over itself, clear transfers first', (t) => {
  const { stream, text } = terminal(true);
  const table = new SniffTable(stream);
  table.connection({ observation: observation('taskmanager-data', 6121) });
  table.connection({
    observation: observation('rest', 8081, {
      kind: 'tls',
      tls: { outcome: 'established', version: 'TLSv1.3' } as never,
    }),
  });
  table.paint('header 1');
  table.connection({ observation: observation('taskmanager-data', 6121) });
  t.match(
    table.transfer({ observation: observation('taskmanager-data', 6121), transfer }),
    /in clear: records on taskmanager-data, between 10\.0\.0\.2:5 and 10\.0\.0\.1:6121 \(2 KiB so far, frame 7\)/,
  );
  table.connection({
    observation: observation('rest', 8081, {
      kind: 'tls',
      tls: { outcome: 'established', version: 'TLSv1.3' } as never,
    }),
  });
  table.paint('header 2');
  const lines = shown(text());
  t.equal(lines.length, 4);
  t.match(lines, [
    'header 2',
    /^CHANNEL +SERVER +CONNECTIONS/,
    /^taskmanager-data +10\.0\.0\.1:6121 +2 +clear \(flink-data\) +records$/,
    /^rest +10\.0\.0\.1:8081 +2 +TLSv1\.3$/,
  ]);
  table.end();
  t.same(shown(text()), []);
  t.end();
});

t.test('a server tells each kind once', (t) => {
  const table = new SniffTable(terminal(false).stream);
  t.type(table.transfer({ observation: observation('taskmanager-data', 6121), transfer }), 'string');
  t.equal(table.transfer({ observation: observation('taskmanager-data', 6121), transfer }), undefined);
  t.type(table.transfer({ observation: observation('taskmanager-data', 6122), transfer }), 'string');
  t.end();
});

t.test('it fits the terminal, and text of the wire cannot steer it', (t) => {
  const { stream, text } = terminal(true, 60, 10);
  const table = new SniffTable(stream);
  for (let port = 1; port <= 50; port++)
    table.connection({
      observation: observation('unknown', port, { server: { host: '10.0.0.1', port, member: 'a\u001b[2Jb' } }),
    });
  table.paint('h');
  const lines = shown(text());
  t.ok(lines.length <= 8, `${lines.length} lines`);
  for (const line of lines) t.ok(line.length <= 59);
  t.match(lines.at(-1), /and \d+ more/);
  t.notOk(text().includes('\u001b[2J'));
  t.end();
});

t.test('elsewhere than on a terminal nothing is painted', (t) => {
  const { stream, text } = terminal(false);
  const table = new SniffTable(stream);
  table.connection({ observation: observation('rest', 8081) });
  table.paint('h');
  table.end();
  t.equal(text(), '');
  t.end();
});

t.test('the line above it tells interfaces, time and totals', (t) => {
  const totals = { packets: 12, drops: 3, connections: 2, clearBytes: 1024, tlsBytes: 0 };
  t.equal(
    headerLine(['lo', 'eth0'], 62_000, totals),
    'lo, eth0   1:02   12 packets   3 dropped   2 connections   in clear 1 KiB   in TLS 0 B',
  );
  t.end();
});
