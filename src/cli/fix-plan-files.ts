import path from 'node:path';
import { shellWord } from '../bytes/shell-word.ts';
import type { DraftChange, DraftFile } from '../evaluate/fix-plan/draft.ts';
import { isSensitiveKey, mayHoldSecret } from '../evaluate/fix-plan/keys.ts';
import type { EditedFile } from '../evaluate/fix-plan/plan.ts';
import { isLegacyName } from '../flink/config.ts';
import { type SettingChange, type Syntax, settingEditor } from '../flink/configuration-edit.ts';
import { applyEdits, linesOf, type TextEdit, unifiedDiff } from '../flink/text-patch.ts';
import { type FlatEntry, parseLegacyYaml, parseStandardYaml } from '../flink/yaml-flat.ts';
import type { FixChange } from '../model/fix-plan.ts';
import { printable } from '../report/printable.ts';

export interface FileEdits {
  readonly edited: EditedFile;
  /** As the plan leaves it, with its placeholders; as it is where nothing can be edited. */
  readonly text: string;
}

interface Edit {
  readonly change: DraftChange;
  readonly edits: readonly TextEdit[];
  readonly by: 'patch' | 'command';
}

/**
 * The changes of one file as a patch, and as commands where a line holds a secret. What cannot be edited so that Flink
 * reads exactly what was meant is left to be done by hand.
 *
 * @param text of the file; `undefined`: it is none of the configuration files that were read
 */
export function editFile(file: DraftFile, text: string | undefined): FileEdits {
  const members = file.subjects.flatMap(({ member }) => (member === null ? [] : [member]));
  const changes = [...file.changes.values()];
  const byHand = (rest: readonly DraftChange[]): FixChange[] => rest.map((one) => fixChange(one, 'hand'));
  const nothing = { path: file.path, members, patch: null, secretCommands: [], fillCommands: [] };
  const syntax: Syntax = isLegacyName(file.path) ? 'legacy' : 'standard';
  const flat = text === undefined ? [] : parsed(text, syntax);
  if (text === undefined || !isOwnText(file, flat)) {
    return { edited: { ...nothing, changes: byHand(changes) }, text: text ?? '' };
  }
  const hidden = hiddenLines(text, flat, changes);
  const editor = settingEditor(text, syntax);
  const made: Edit[] = [];
  const left: DraftChange[] = [];
  for (const change of changes) {
    const isElsewhere = change.setting !== undefined && change.setting.file !== file.path;
    const edits = isElsewhere ? undefined : editor(settingChange(change));
    const isSecret = edits?.some((one) => linesOf(text, one).some((line) => hidden.has(line))) === true;
    // A key becomes a part of a script: no other characters than Flink's own keys have.
    const isInLine =
      (change.change === 'rename' && /^[\w.-]+$/.test(change.key)) ||
      (change.change === 'set' && change.setting !== undefined);
    if (edits === undefined || (isSecret && (!isInLine || !isOneLine(text, edits)))) left.push(change);
    else made.push({ change, edits, by: isSecret ? 'command' : 'patch' });
  }
  const after = applyEdits(
    text,
    made.flatMap(({ edits }) => edits),
  );
  if (
    !readsAs(
      parsed(after, syntax),
      flat,
      made.map(({ change }) => change),
    )
  ) {
    return { edited: { ...nothing, changes: byHand(changes) }, text };
  }
  const inPatch = made.filter(({ by }) => by === 'patch');
  const inCommands = made.filter(({ by }) => by === 'command');
  const diff = unifiedDiff(
    text,
    inPatch.flatMap(({ edits }) => edits),
    (line) => !hidden.has(line),
  );
  return {
    edited: {
      path: file.path,
      members,
      patch: diff === '' ? null : `${header(file.path)}${diff}`,
      changes: [...made.map(({ change, by }) => fixChange(change, by)), ...byHand(left)],
      secretCommands: inCommands.map(({ change }) => secretCommand(file.path, text, change, syntax)),
      fillCommands: fills(
        file.path,
        inPatch.map(({ change }) => change),
      ),
    },
    text: after,
  };
}

function parsed(text: string, syntax: Syntax): readonly FlatEntry[] {
  return (syntax === 'legacy' ? parseLegacyYaml(text) : parseStandardYaml(text)).entries;
}

/** Not a manifest that holds the configuration as a part of it, and not one that is no YAML. */
function isOwnText(file: DraftFile, flat: readonly FlatEntry[]): boolean {
  const keys = new Set(flat.map(({ key }) => key));
  return file.subjects.every(({ configuration }) =>
    configuration.keys().every((key) => {
      const setting = configuration.setting(key);
      return setting?.file !== file.path || keys.has(key);
    }),
  );
}

/** Secrets shorter than this are not looked for elsewhere: they would hide half of the file. */
const SECRET_LENGTH_LEAST = 4;

/** Lines (from 0) that may hold a secret, or that would not reach a terminal as they are. */
function hiddenLines(text: string, flat: readonly FlatEntry[], changes: readonly DraftChange[]): ReadonlySet<number> {
  const hidden = new Set<number>();
  const lines = text.split('\n');
  // A misspelt key holds the secret of the one that was meant.
  const meant = new Set(changes.flatMap(({ key, to }) => (to !== undefined && isSensitiveKey(to) ? [key] : [])));
  const isSecret = ({ key, value }: FlatEntry): boolean =>
    isSensitiveKey(key) || meant.has(key) || mayHoldSecret(value);
  const secrets = flat
    .filter((one) => isSecret(one) && !/^(?:true|false)$/i.test(one.value))
    .map(({ value }) => value)
    .filter(({ length }) => length >= SECRET_LENGTH_LEAST);
  lines.forEach((line, index) => {
    const shown = line.replace(/\r$/, '').replaceAll('\t', ' ');
    const repeats = secrets.some((one) => line.includes(one));
    if (repeats || mayHoldSecret(line) || printable(shown) !== shown) hidden.add(index);
  });
  flat.forEach((entry, index) => {
    if (!isSecret(entry)) return;
    const end = flat[index + 1]?.line ?? lines.length + 1;
    hidden.add(entry.line - 1);
    for (let at = entry.line; at < end - 1 && !endsValue(lines[at]!, lines[entry.line - 1]!); at++) hidden.add(at);
  });
  return hidden;
}

/** A line of a key that stands no deeper than the value before it: that one does not go on here. */
function endsValue(line: string, first: string): boolean {
  const [, indent, key] = /^([ \t]*)(["']?[\w.-]+["']?[ \t]*:(?=\s|$))?/.exec(line)!;
  return key !== undefined && indent!.length <= /^[ \t]*/.exec(first)![0].length;
}

function settingChange({ change, key, to = '' }: DraftChange): SettingChange {
  if (change === 'remove') return { change, key };
  return change === 'rename' ? { change, key, to } : { change: 'set', key, value: to };
}

function isOneLine(text: string, edits: readonly TextEdit[]): boolean {
  return edits.length === 1 && !text.slice(edits[0]!.start, edits[0]!.end).includes('\n');
}

/** Whether the new text gives what was meant: every change, and nothing else. */
function readsAs(after: readonly FlatEntry[], before: readonly FlatEntry[], changes: readonly DraftChange[]): boolean {
  const wanted = new Map(before.map(({ key, value }) => [key, value]));
  for (const { change, key, to = '' } of changes) {
    if (change === 'remove') wanted.delete(key);
    else if (change === 'rename') {
      wanted.set(to, wanted.get(key) ?? '');
      wanted.delete(key);
    } else wanted.set(key, to);
  }
  const got = new Map(after.map(({ key, value }) => [key, value]));
  return got.size === wanted.size && [...wanted].every(([key, value]) => got.get(key) === value);
}

function fixChange({ change, key, to, setting }: DraftChange, by: FixChange['by']): FixChange {
  return {
    change,
    key,
    ...(to === undefined ? {} : { to }),
    ...(setting?.line === undefined ? {} : { line: setting.line }),
    by,
  };
}

function header(file: string): string {
  const name = patchName(file);
  // What ends a name is a tab.
  return `--- ${name}\t\n+++ ${name}\t\n`;
}

/** As `patch` and `git apply` take names: relative, never upwards. */
function patchName(file: string): string {
  const normal = path.normalize(file);
  return path.isAbsolute(normal) || normal.startsWith('..') ? path.resolve(normal).slice(1) : normal;
}

/** `-p` works on one line, found by its number; the secret comes from the environment. */
function secretCommand(file: string, text: string, change: DraftChange, syntax: Syntax): string {
  const line = change.setting?.line ?? 0;
  const own = text.split('\n')[line - 1] ?? '';
  if (change.change === 'rename') {
    const [from, to] = namesInLine(own, change.key, change.to ?? '');
    return `perl -pi -e ${shellWord(`s/\\Q${from}\\E/${to}/ if $. == ${line}`)} ${shellWord(file)}`;
  }
  const value = syntax === 'legacy' ? '$v' : '\\x27$v\\x27';
  const doubled = syntax === 'legacy' ? '' : '$v =~ s/\\x27/\\x27\\x27/g; ';
  const script = `if ($. == ${line}) { my $v = $ENV{${change.variable}}; ${doubled}s/^([^:]*:\\s*)[^\\r\\n]*/$1${value}/ }`;
  return `perl -pi -e ${shellWord(script)} ${shellWord(file)}`;
}

/** Of a nested key the last parts alone stand in the line. */
function namesInLine(line: string, key: string, to: string): readonly [string, string] {
  const parts = key.split('.');
  for (let from = 0; from < parts.length; from++) {
    const name = parts.slice(from).join('.');
    const prefix = parts
      .slice(0, from)
      .map((part) => `${part}.`)
      .join('');
    if (line.includes(name)) return [name, to.slice(prefix.length)];
  }
  return [key, to];
}

function fills(file: string, changes: readonly DraftChange[]): readonly string[] {
  const open = new Map(
    changes.flatMap(({ to, variable }) => (to === undefined || variable === undefined ? [] : [[to, variable]])),
  );
  return [...open].map(
    ([placeholder, variable]) =>
      `perl -pi -e ${shellWord(`s/\\Q${placeholder}\\E/$ENV{${variable}}/`)} ${shellWord(file)}`,
  );
}
