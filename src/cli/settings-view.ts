import path from 'node:path';
import type { Settings } from '../daemon/settings.ts';
import { DEFAULTS, settingsOf } from '../daemon/settings-values.ts';
import { readBounded } from './bounded-file.ts';
import { type Overlay, overlaid } from './daemon-settings-keys.ts';
import { checked } from './settings-file.ts';
import { readYaml } from './yaml-places.ts';

/**
 * The settings in force, a line each, with where each came from: `FILE:LINE`, the flag or variable, or `default`. Of
 * secrets the places only.
 *
 * @throws Unusable
 */
export function settingsView(file: string, stateFolder: string, overlays: readonly Overlay[]): readonly string[] {
  const yaml = readYaml(readBounded(file, 'no settings of flinkprobe'), { file, scalars: 'typed' });
  const written = checked(yaml.content ?? {}, overlays, yaml);
  const whole = overlaid(yaml.content, overlays, (one) => path.resolve(one));
  const given = leaves(whole, []).map(({ at, value }) => {
    const overlay = overlays.find((one) => one.path.join('.') === at.join('.'));
    return { key: keyOf(at), value: shown(at, value), origin: overlay?.origin ?? placeOf(yaml.tell, at) };
  });
  const settings = settingsOf(written, { folder: path.dirname(path.resolve(file)), stateFolder });
  const defaults = defaultsOf(settings)
    .filter(([key]) => !given.some((one) => one.key === key))
    .map(([key, value]) => ({ key, value, origin: 'default' }));
  const all = [...given, ...defaults];
  const [key, value] = [widest(all.map((one) => one.key)), widest(all.map((one) => one.value))];
  return all.map((one) => `${one.key.padEnd(key)}  ${one.value.padEnd(value)}  ${one.origin}`.trimEnd());
}

const WIDEST = 60;
const widest = (texts: readonly string[]): number =>
  Math.min(WIDEST, Math.max(0, ...texts.map(({ length }) => length)));

type Place = readonly (string | number)[];

function leaves(value: unknown, at: Place): readonly { readonly at: Place; readonly value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [{ at, value }];
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, [...at, Array.isArray(value) ? Number(name) : name]),
  );
}

function keyOf(at: Place): string {
  return at.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

/** A hash can be guessed against, and a URL may hold what lets its owner in. */
function shown(at: Place, value: unknown): string {
  if (at.at(-1) === 'password_hash') return '******';
  const text = String(value);
  if (!/^https?:\/\//.test(text)) return text;
  const { origin, pathname, search } = new URL(text);
  const isSink = at[0] === 'notify';
  return isSink && (pathname !== '/' || search !== '') ? `${origin}/******` : origin + pathname;
}

/** `FILE:LINE`, as faults are told. */
function placeOf(tell: (faults: readonly { path: Place; message: string }[]) => string, at: Place): string {
  return tell([{ path: at, message: '' }]).replace(/:\d+: $/, '');
}

function defaultsOf({ web, log, state, connections }: Settings): readonly (readonly [string, string])[] {
  return [
    ['web.listen', `${web.host}:${web.port}`],
    ['web.insecure', web.insecure],
    ['web.probe.allow_targets', String(web.probe.allow)],
    ['log.level', log.level],
    ['log.format', log.format],
    ['state.path', state.path],
    ['state.retention', `${state.passingMs / DAY_MS}d`],
    ['state.retention_failing', `${state.failingMs / DAY_MS}d`],
    ['state.size', `${state.bytes / MEBIBYTE}MiB`],
    ['connections', String(connections)],
    ...CLUSTER_DEFAULTS,
  ];
}

/** What clusters have where neither they nor `defaults` say anything. */
const CLUSTER_DEFAULTS: readonly (readonly [string, string])[] = [
  ['defaults.profile', 'standard'],
  ['defaults.fail_on', 'medium'],
  ['defaults.timeout', `${DEFAULTS.timeoutMs}ms`],
  ['defaults.run_timeout', `${DEFAULTS.runTimeoutMs}ms`],
  ['defaults.parallel', String(DEFAULTS.parallel)],
  ['defaults.resolve_after', String(DEFAULTS.resolveAfter)],
];

const DAY_MS = 86_400_000;
const MEBIBYTE = 2 ** 20;
