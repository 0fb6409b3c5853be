import type { ConfigurationProblem } from './config.ts';
import { type LayerEntry, lineOf, type PlacedText, type Variables } from './source.ts';
import { isAtLeast } from './version.ts';
import { parseLegacyYaml } from './yaml-flat.ts';

export interface ReadProperties {
  readonly entries: readonly LayerEntry[];
  readonly problems: readonly ConfigurationProblem[];
}

/**
 * What the image's `docker-entrypoint.sh` makes of `FLINK_PROPERTIES`.
 *
 * Up to 1.18 the text is appended to `flink-conf.yaml`. From 1.19 on each line loses all its white space, is parted at its
 * first colon and handed to `config-parser-utils.sh` as `-Dkey=value`: nested keys do not work, and a space within a value
 * is lost. In both `envsubst` fills in variables. An unknown version is taken for the newest.
 */
export function readFlinkProperties(
  placed: PlacedText & { readonly file: string; readonly variables: Variables },
  version: string | undefined,
): ReadProperties {
  const isParsed = version === undefined || isAtLeast(version, '1.19');
  const { entries, problems } = isParsed ? partedLines(placed.text) : parseLegacyYaml(placed.text);
  return {
    entries: entries.map(({ key, value, line }) => ({
      key,
      value: substituted(value, placed.variables),
      line: lineOf(placed, line),
    })),
    problems: problems.map(({ line, message }) => ({
      file: placed.file,
      line: lineOf(placed, line),
      message: `FLINK_PROPERTIES: ${message}`,
    })),
  };
}

function partedLines(text: string): ReturnType<typeof parseLegacyYaml> {
  const entries: LayerEntry[] = [];
  const problems: { readonly line: number; readonly message: string }[] = [];
  let indent: number | undefined;
  text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const content = raw.replace(/\s/g, '');
    if (content === '' || content.startsWith('#')) return;
    const rest = raw.trimStart();
    const spaces = raw.length - rest.length;
    indent ??= spaces;
    const colon = content.indexOf(':');
    const key = colon < 0 ? content : content.slice(0, colon);
    const value = colon < 0 ? '' : content.slice(colon + 1);
    if (value === '' || key === '') {
      problems.push({ line, message: 'not a line of the form "key: value"; nested keys are not read there' });
      return;
    }
    if (spaces > indent) {
      problems.push({
        line,
        message: `${key} looks nested, but is read as a key of its own: nested keys are not read there`,
      });
    }
    const written = rest.slice(rest.indexOf(':') + 1).trim();
    if (/\s/.test(written)) {
      problems.push({
        line,
        message: `the image takes all spaces out of the value of ${key} (docker-entrypoint.sh from 1.19 on)`,
      });
    }
    entries.push({ key, value, line });
  });
  return { entries, problems };
}

/** `envsubst`; what is not known stays as it is written. */
function substituted(value: string, variables: Variables): string {
  return value.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g, (written, braced?: string, bare?: string) => {
    return variables.get((braced ?? bare)!) ?? written;
  });
}
