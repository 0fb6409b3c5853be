import { z } from 'zod';
import { CHANNEL_IDS } from '../model/channel.ts';
import type { CertificateAspect, PolicyDocument, Requirement, ServedAspect } from '../model/policy.ts';
import { SEVERITIES } from '../model/report.ts';
import { CIPHER_SUITES } from '../tls/cipher-suites.ts';
import { NAMED_GROUPS } from '../tls/code-points.ts';

/** What is wrong, and where: the path from the top of the file to the value, or to the key where `at` says so. */
export interface PolicyFault {
  readonly path: readonly (string | number)[];
  readonly at?: 'key';
  readonly message: string;
  /** Words that are known at this place, to name the nearest one. */
  readonly known?: readonly string[];
  /** The word that is not. */
  readonly word?: string;
}

export type PolicyReading =
  | { readonly document: PolicyDocument }
  | { readonly faults: readonly [PolicyFault, ...PolicyFault[]] };

/** What served aspects take: words, or a number. */
const SERVED: Readonly<Record<ServedAspect, readonly string[] | 'number'>> = {
  tls: ['on', 'off'],
  'client-authentication': ['required', 'none'],
  protocol: ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  'cipher-suite': CIPHER_SUITES.entries.map(([, name]) => name),
  'named-group': NAMED_GROUPS.entries.map(([, name]) => name),
  'dh-bits': 'number',
  'encrypt-then-mac': ['on', 'off'],
};

/** `words`: of an open list, which X.509 gives. */
const CERTIFICATE: Readonly<Record<CertificateAspect, readonly string[] | 'number' | 'words'>> = {
  'key-type': 'words',
  'rsa-bits': 'number',
  'dsa-bits': 'number',
  'ec-bits': 'number',
  curve: 'words',
  hash: ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'ed25519', 'ed448'],
  'validity-days': 'number',
  'remaining-days': 'number',
};

const SCOPES = ['internal', 'rest', 'all', ...CHANNEL_IDS] as const;
const ABOUT = ['key', 'served', 'certificate'] as const;
const RELATIONS = ['required', 'forbidden', 'one-of', 'at-least', 'at-most'] as const;
const NUMERIC: readonly string[] = ['at-least', 'at-most'];

const NAME = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/;
const name = z.string().max(64).regex(NAME, 'is no name: lower-case letters, digits, dots and dashes');
const text = z.string().trim().min(1, 'is empty');
const texts = z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(text).min(1, 'is empty'));
/** Scalars are read as text, so that 1.20 stays 1.20. */
const number = z
  .string()
  .regex(/^-?\d{1,9}$/, 'is no whole number')
  .transform(Number);
const release = z.string().regex(/^\d{1,3}\.\d{1,3}$/, 'is no version of Flink, as 1.20');
/** `rest` alone is a family of channels, `[rest]` the one channel of that name. */
const written = z
  .preprocess(
    (value) => (typeof value === 'string' ? ['', value] : value),
    z.array(z.enum(['', ...SCOPES])).min(1, 'is empty'),
  )
  .transform(([first, ...rest]) =>
    first === '' ? { how: 'alone' as const, names: rest } : { how: 'list' as const, names: [first!, ...rest] },
  );

const requirement = z.strictObject({
  id: name,
  key: text.optional(),
  aliases: texts.optional(),
  default: text.optional(),
  served: z.enum(Object.keys(SERVED) as [ServedAspect, ...ServedAspect[]]).optional(),
  certificate: z.enum(Object.keys(CERTIFICATE) as [CertificateAspect, ...CertificateAspect[]]).optional(),
  on: written.optional(),
  required: texts.optional(),
  forbidden: texts.optional(),
  'one-of': texts.optional(),
  'at-least': number.optional(),
  'at-most': number.optional(),
  severity: z.enum(SEVERITIES).optional(),
  source: texts.optional(),
  reason: text.optional(),
  since: release.optional(),
  until: release.optional(),
});
type Written = z.output<typeof requirement>;

const policyFile = z.strictObject({
  policy: name,
  title: text.optional(),
  about: text.optional(),
  extends: name.optional(),
  without: texts.optional(),
  requirements: z.array(requirement).optional(),
});

const KEYS: Readonly<Record<'top' | 'requirement', readonly string[]>> = {
  top: Object.keys(policyFile.shape),
  requirement: Object.keys(requirement.shape),
};

/**
 * Reads what a YAML file holds as a policy. `profiles`: the shipped ones, which it may extend.
 *
 * A requirement with the id of an inherited one changes only what it names.
 */
export function readPolicyDocument(content: unknown, profiles: readonly PolicyDocument[]): PolicyReading {
  const read = policyFile.safeParse(content, { reportInput: true });
  if (!read.success) return failed(read.error.issues.flatMap(faultsOf));
  const { data } = read;
  const parent = profiles.find(({ policy }) => policy === data.extends);
  const inherited = new Map((parent?.requirements ?? []).map((one) => [one.id, one]));
  const requirements = data.requirements ?? [];
  const faults: readonly PolicyFault[] = [
    ...nameFaults(data.policy, data.extends, profiles),
    ...(data.without ?? []).flatMap((id, index) => withoutFault(id, index, data.extends, inherited)),
    ...requirements.flatMap((one, index) => requirementFaults(one, index, requirements, inherited)),
    ...(requirements.length === 0 && parent === undefined && data.extends === undefined
      ? [{ path: [], message: 'asks for nothing: give requirements, or extends' }]
      : []),
  ];
  if (faults.length > 0) return failed(faults);
  const kept = [...inherited.values()].filter(({ id }) => data.without?.includes(id) !== true);
  const own = requirements.map((one) => merged(one, inherited.get(one.id), data.policy));
  const ids = new Set(own.map(({ id }) => id));
  return {
    document: {
      policy: data.policy,
      title: data.title ?? data.policy,
      about: data.about ?? '',
      requirements: [...kept.filter(({ id }) => !ids.has(id)), ...own],
    },
  };
}

function failed(faults: readonly PolicyFault[]): PolicyReading {
  const [first, ...rest] = faults;
  return { faults: [first ?? { path: [], message: 'is no policy' }, ...rest] };
}

function faultsOf(issue: z.core.$ZodIssue): readonly PolicyFault[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const known = path.length === 0 ? KEYS.top : KEYS.requirement;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((word) => ({
        path: [...path, word],
        at: 'key',
        message: `${JSON.stringify(word)} is no key of a ${path.length === 0 ? 'policy' : 'requirement'}`,
        known,
        word,
      }));
    case 'invalid_value': {
      const values = issue.values.map(String).filter((value) => value !== '');
      const word = typeof issue.input === 'string' ? issue.input : undefined;
      return [
        {
          path,
          message: `${placeText(path)}is none of ${values.join(', ')}`,
          known: values,
          ...(word === undefined ? {} : { word }),
        },
      ];
    }
    case 'invalid_type':
      return [
        { path, message: `${placeText(path)}${isMissing(issue) ? 'is missing' : `is no ${typeText(issue.expected)}`}` },
      ];
    default:
      return [{ path, message: `${placeText(path)}${issue.message}` }];
  }
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.input === undefined && /received undefined/.test(issue.message);
}

function typeText(expected: string): string {
  return { array: 'list', object: 'map', string: 'text' }[expected] ?? expected;
}

function placeText(path: readonly (string | number)[]): string {
  const field = path.filter((part) => typeof part === 'string').at(-1);
  return field === undefined ? '' : `${field} `;
}

function nameFaults(
  own: string,
  parent: string | undefined,
  profiles: readonly PolicyDocument[],
): readonly PolicyFault[] {
  const shipped = profiles.map(({ policy }) => policy);
  return [
    ...(shipped.includes(own)
      ? [{ path: ['policy'], message: `${own} is the name of a shipped profile; extend it under another name` }]
      : []),
    ...(parent === undefined || shipped.includes(parent)
      ? []
      : [
          {
            path: ['extends'],
            message: `${parent} is no shipped profile; there are ${shipped.join(', ')}`,
            known: shipped,
            word: parent,
          },
        ]),
  ];
}

function withoutFault(
  id: string,
  index: number,
  parent: string | undefined,
  inherited: ReadonlyMap<string, Requirement>,
): readonly PolicyFault[] {
  if (inherited.has(id)) return [];
  const message =
    parent === undefined
      ? 'without means nothing without extends'
      : `${JSON.stringify(id)} is no requirement of ${parent}`;
  return [{ path: ['without', index], message, known: [...inherited.keys()], word: id }];
}

function requirementFaults(
  one: Written,
  index: number,
  all: readonly Written[],
  inherited: ReadonlyMap<string, Requirement>,
): readonly PolicyFault[] {
  const path = ['requirements', index] as const;
  const first = all.findIndex(({ id }) => id === one.id);
  if (first < index) return [{ path: [...path, 'id'], message: `${one.id} is the id of another requirement too` }];
  const parent = inherited.get(one.id);
  const about = ABOUT.filter((key) => one[key] !== undefined);
  const relations = RELATIONS.filter((key) => one[key] !== undefined);
  return [
    ...countFaults(path, about, ABOUT, parent),
    ...countFaults(path, relations, RELATIONS, parent),
    ...(['aliases', 'default'] as const)
      .filter((key) => one[key] !== undefined && (about[0] ?? subjectOf(parent)) !== 'key')
      .map((key) => ({ path: [...path, key], at: 'key' as const, message: `${key} goes with key only` })),
    ...(one.on !== undefined && (about[0] ?? subjectOf(parent)) === 'key'
      ? [{ path: [...path, 'on'], at: 'key' as const, message: 'on goes with served and certificate only' }]
      : []),
    ...(one.on !== undefined && one.on.how === 'list' && !one.on.names.every(isChannel)
      ? [{ path: [...path, 'on'], message: 'on takes internal, rest or all alone, or a list of channels' }]
      : []),
    ...(about.length <= 1 && relations.length === 1 ? valueFaults(one, path, relations[0]!, parent) : []),
  ];
}

function isChannel(value: string): boolean {
  return (CHANNEL_IDS as readonly string[]).includes(value);
}

/** One, or none where the inherited requirement has one. */
function countFaults(
  path: readonly (string | number)[],
  given: readonly string[],
  all: readonly string[],
  parent: Requirement | undefined,
): readonly PolicyFault[] {
  if (given.length > 1)
    return [{ path: [...path, given[1]!], at: 'key', message: `${given.join(' and ')}: one alone is taken` }];
  return given.length === 0 && parent === undefined ? [{ path, message: `has none of ${all.join(', ')}` }] : [];
}

function subjectOf(parent: Requirement | undefined): (typeof ABOUT)[number] | undefined {
  return parent === undefined ? undefined : ABOUT.find((key) => key in parent);
}

/** Numbers are compared with numbers, names with names that there are. */
function valueFaults(
  one: Written,
  path: readonly (string | number)[],
  relation: (typeof RELATIONS)[number],
  parent: Requirement | undefined,
): readonly PolicyFault[] {
  const served = one.served ?? (parent !== undefined && 'served' in parent ? parent.served : undefined);
  const certificate =
    one.certificate ?? (parent !== undefined && 'certificate' in parent ? parent.certificate : undefined);
  if (one.key !== undefined) return [];
  const kind =
    one.certificate === undefined && served !== undefined
      ? SERVED[served]
      : certificate === undefined
        ? undefined
        : CERTIFICATE[certificate];
  if (kind === undefined) return [];
  const isNumeric = NUMERIC.includes(relation);
  const what = one.certificate === undefined && served !== undefined ? served : certificate!;
  if (isNumeric !== (kind === 'number')) {
    const wanted = kind === 'number' ? 'at-least or at-most' : 'required, forbidden or one-of';
    return [{ path: [...path, relation], at: 'key', message: `${what} is asked for with ${wanted}` }];
  }
  const values = one[relation];
  if (kind === 'number' || kind === 'words' || !Array.isArray(values)) return [];
  return values.flatMap((value, index) =>
    value.includes('*') || kind.includes(value)
      ? []
      : [
          {
            path: [...path, relation, index],
            message: `${JSON.stringify(value)} is no ${what}`,
            known: kind,
            word: value,
          },
        ],
  );
}

function scopeOf({ how, names }: NonNullable<Written['on']>): unknown {
  return how === 'alone' && !(names[0] !== 'rest' && isChannel(names[0]!)) ? names[0] : names;
}

/** What is not given comes from the inherited requirement; a subject or relation of its own takes the whole place. */
function merged(one: Written, parent: Requirement | undefined, policy: string): Requirement {
  const own: Record<string, unknown> = Object.fromEntries(
    Object.entries(one).filter(([, value]) => value !== undefined),
  );
  if (one.on !== undefined) own.on = scopeOf(one.on);
  const replaced = new Set<string>([
    ...(ABOUT.some((key) => key in own) ? [...ABOUT, 'aliases', 'default', 'on'] : []),
    ...(RELATIONS.some((key) => key in own) ? RELATIONS : []),
  ]);
  const kept = Object.fromEntries(Object.entries(parent ?? {}).filter(([key]) => !replaced.has(key)));
  const rest = { severity: 'medium', source: [`policy ${policy}`], reason: `The policy ${policy} asks for it.` };
  return { ...rest, ...kept, ...own } as unknown as Requirement;
}
