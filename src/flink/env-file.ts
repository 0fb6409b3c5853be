import type { ConfigurationFile } from './config.ts';
import { exposuresOf, IMAGE_CONF, isSameFolder } from './container.ts';
import { type ConfigurationLayer, type Followed, type MemberSource, SourceError } from './source.ts';

export interface EnvironmentEntry {
  readonly name: string;
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** `lines`: each line of the text is one of the file. */
  readonly spread: 'lines' | 'one';
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)=/;

/** Whether a text is an environment file: its first line that is no comment assigns. */
export function isEnvironmentFile(text: string): boolean {
  const first = text.split(/\r\n|\n|\r/).find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return first !== undefined && ASSIGNMENT.test(first);
}

/**
 * `NAME=VALUE` lines, as Docker and Compose (`--env-file`), systemd and shells read them alike: `export` before it,
 * quotes around a value that may go on over lines, `\n` within double quotes. Lines that assign nothing are left out.
 */
export function readEnvironment(text: string): readonly EnvironmentEntry[] {
  const lines = text.split(/\r\n|\n|\r/);
  const entries: EnvironmentEntry[] = [];
  for (let index = 0; index < lines.length; index++) {
    const found = ASSIGNMENT.exec(lines[index]!);
    if (found === null) continue;
    const line = index + 1;
    const name = found[1]!;
    const rest = lines[index]!.slice(found[0].length);
    const quote = rest[0];
    if (quote !== '"' && quote !== "'") {
      entries.push({ name, text: rest.trim(), line, spread: 'lines' });
      continue;
    }
    let value = rest.slice(1);
    let end = closing(value, quote);
    const parts: string[] = [];
    while (end < 0 && index + 1 < lines.length) {
      parts.push(value);
      value = lines[++index]!;
      end = closing(value, quote);
    }
    const whole = [...parts, end < 0 ? value : value.slice(0, end)].join('\n');
    const isEscaped = quote === '"' && /\\[nrt"\\$]/.test(whole);
    entries.push({ name, text: isEscaped ? unescaped(whole) : whole, line, spread: isEscaped ? 'one' : 'lines' });
  }
  return entries;
}

function closing(text: string, quote: string): number {
  for (let index = 0; index < text.length; index++) {
    if (quote === '"' && text[index] === '\\') index++;
    else if (text[index] === quote) return index;
  }
  return -1;
}

function unescaped(text: string): string {
  return text.replace(/\\([nrt"\\$])/g, (_, char: string) => ({ n: '\n', r: '\r', t: '\t' })[char] ?? char);
}

/**
 * The process that an environment file starts: `FLINK_PROPERTIES` on top of what FLINK_CONF_DIR names, as far as that is
 * here.
 *
 * @throws SourceError where nothing in it is of Flink
 */
export function environmentSource(file: string, text: string, followed: Followed): MemberSource {
  const entries = readEnvironment(text);
  const of = (name: string): EnvironmentEntry | undefined => entries.findLast((one) => one.name === name);
  const [properties, folder] = [of('FLINK_PROPERTIES'), of('FLINK_CONF_DIR')];
  if (properties === undefined && folder === undefined) {
    throw new SourceError(file, 1, 1, 'an environment without FLINK_PROPERTIES and FLINK_CONF_DIR');
  }
  const variables = new Map(entries.map((one) => [one.name, one.text]));
  const files: readonly ConfigurationFile[] = folder === undefined ? [] : (followed.configuration(folder.text) ?? []);
  if (folder !== undefined && files.length === 0 && !isSameFolder(folder.text, IMAGE_CONF)) {
    throw new SourceError(
      file,
      folder.line,
      1,
      'FLINK_CONF_DIR names a folder that is not here: not known, and without it nothing is',
    );
  }
  const isRead = folder === undefined || isSameFolder(folder.text, IMAGE_CONF);
  const layers: ConfigurationLayer[] = [];
  if (properties !== undefined && isRead) {
    const { text: written, line, spread } = properties;
    layers.push({ kind: 'properties', file, text: written, firstLine: line, spread, variables });
  }
  return {
    member: null,
    files,
    layers,
    problems:
      properties === undefined || isRead
        ? []
        : [
            {
              file,
              line: properties.line,
              message: `FLINK_PROPERTIES is not read by Flink: docker-entrypoint.sh writes it to ${IMAGE_CONF}, and FLINK_CONF_DIR names another folder`,
            },
          ],
    notes:
      files.length > 0
        ? []
        : [
            {
              file,
              line: folder?.line ?? properties!.line,
              message: `what is in ${IMAGE_CONF} is not known here, and counts below this`,
            },
          ],
    exposed: entries.flatMap(({ name, text: written, line, spread }) => {
      return exposuresOf(file, { name, line, value: { text: written, firstLine: line, spread } });
    }),
  };
}
