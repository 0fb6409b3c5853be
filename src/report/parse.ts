import { type Report, SCHEMA_VERSION } from '../model/report.ts';
import { reportSchema } from './schema.ts';

/** A file that is no report of ours, or one of another schema: the message names the path and the fault. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}

/** Faults that are named; what is more is counted. */
const MAX_FAULTS = 3;

/**
 * A report as `--format json` wrote it, for `--baseline`. Fields that a later release added are left alone.
 *
 * Throws a {@link ReportError} where the text is no JSON, no report, of another `schemaVersion`, or not of its shape.
 */
export function parseBaseline(text: string, path: string): Report {
  const value = parseJson(text, path);
  const version = isRecord(value) ? value.schemaVersion : undefined;
  if (!isRecord(value) || version === undefined) {
    const hint =
      isRecord(value) && 'record' in value ? ': a line of jsonl; save it with --save-baseline or --format json' : '';
    throw new ReportError(`${path}: no report of flinkprobe (it has no schemaVersion)${hint}`);
  }
  if (version !== SCHEMA_VERSION) {
    throw new ReportError(
      `${path}: schemaVersion ${JSON.stringify(version)} is unknown to this version, which reads ${SCHEMA_VERSION}`,
    );
  }
  const read = reportSchema.safeParse(value);
  const issues = read.success ? [] : read.error.issues.filter((issue) => issue.code !== 'unrecognized_keys');
  if (issues.length > 0) throw new ReportError(`${path}: ${faults(issues)}`);
  return value as unknown as Report;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/^\{"record":"/.test(text)) {
      throw new ReportError(`${path}: this is jsonl; a baseline is saved with --save-baseline or --format json`);
    }
    throw new ReportError(`${path}: no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** `observations[3].kind: Invalid option…; and 4 more`. */
function faults(issues: readonly Issue[]): string {
  const told = issues.slice(0, MAX_FAULTS).map(({ path, message }) => `${placeOf(path)}: ${message}`);
  const more = issues.length > MAX_FAULTS ? `; and ${issues.length - MAX_FAULTS} more` : '';
  return `${told.join('; ')}${more}`;
}

function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'report';
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('');
}
