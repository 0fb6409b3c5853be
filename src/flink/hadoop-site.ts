import type { Setting } from '../model/report.ts';

/** Hadoop's keys that say whether HDFS encrypts what it carries (`DFSConfigKeys`, `CommonConfigurationKeys`). */
export const HADOOP_PRIVACY_KEYS: readonly string[] = [
  'dfs.encrypt.data.transfer',
  'dfs.data.transfer.protection',
  'hadoop.rpc.protection',
];

/**
 * Properties of a `*-site.xml` file with their lines. No XML reader: elements of other names, entities of a DTD and
 * `xi:include` are passed over, comments are not read. Time grows with the length of the text, whatever is in it.
 */
export function parseHadoopSite(file: string, text: string): readonly Setting[] {
  const clear = withoutComments(text);
  const found: Setting[] = [];
  let line = 1;
  let counted = 0;
  for (let at = clear.indexOf(OPEN); at !== -1; ) {
    const end = clear.indexOf(CLOSE, at);
    if (end === -1) break;
    const body = clear.slice(at + OPEN.length, end);
    const key = elementOf(body, 'name');
    const value = elementOf(body, 'value');
    line += linesIn(clear, counted, at);
    counted = at;
    if (key !== undefined && value !== undefined) found.push({ key, value, file, line, origin: 'file' });
    at = clear.indexOf(OPEN, end);
  }
  return found;
}

const OPEN = '<property>';
const CLOSE = '</property>';

/** Line ends stay, so that lines can be counted. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf('<!--'); at !== -1; at = text.indexOf('<!--', from)) {
    const end = text.indexOf('-->', at + 4);
    parts.push(text.slice(from, at), text.slice(at, end === -1 ? undefined : end + 3).replace(/[^\n]+/g, ''));
    from = end === -1 ? text.length : end + 3;
  }
  return [...parts, text.slice(from)].join('');
}

function elementOf(body: string, name: string): string | undefined {
  const start = body.indexOf(`<${name}>`);
  const end = body.indexOf(`</${name}>`, start);
  if (start === -1 || end === -1) return undefined;
  return unescaped(body.slice(start + name.length + 2, end).trim());
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}

function linesIn(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
