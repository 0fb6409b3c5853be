/** A small judge of JSON Schema, draft 2020-12: of the keywords that our documents use; of any other it says so. */
type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  'id',
  'title',
  'description',
  'default',
  'format',
  '$defs',
]);

/** What is wrong with a value, with the place of each fault; empty: nothing. */
export function faults(value: unknown, schema: Schema, document: unknown, at = '$'): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const judge = JUDGES[keyword];
    if (judge === undefined) return [`${at}: the schema says ${keyword}, which nobody judges here`];
    return judge(value, rule, { schema, document, at });
  });
}

interface Place {
  readonly schema: Schema;
  readonly document: unknown;
  readonly at: string;
}

type Judge = (value: unknown, rule: unknown, place: Place) => string[];

const said = (isRight: boolean, fault: string): string[] => (isRight ? [] : [fault]);

const JUDGES: Readonly<Record<string, Judge>> = {
  $ref: (value, rule, { document, at }) => faults(value, resolve(document, String(rule)), document, at),
  type: (value, rule, { at }) => {
    const types = Array.isArray(rule) ? (rule as string[]) : [String(rule)];
    return said(
      types.some((type) => isType(value, type)),
      `${at}: ${JSON.stringify(value)} is no ${types.join(' or ')}`,
    );
  },
  const: (value, rule, { at }) => said(value === rule, `${at}: is not ${JSON.stringify(rule)}`),
  enum: (value, rule, { at }) =>
    said((rule as unknown[]).includes(value), `${at}: ${JSON.stringify(value)} is not listed`),
  pattern: (value, rule, { at }) =>
    said(typeof value !== 'string' || new RegExp(String(rule), 'u').test(value), `${at}: ${value} does not match`),
  minimum: (value, rule, { at }) => said(typeof value !== 'number' || value >= Number(rule), `${at}: is too small`),
  maximum: (value, rule, { at }) => said(typeof value !== 'number' || value <= Number(rule), `${at}: is too great`),
  minLength: (value, rule, { at }) =>
    said(typeof value !== 'string' || [...value].length >= Number(rule), `${at}: is too short`),
  maxLength: (value, rule, { at }) =>
    said(typeof value !== 'string' || [...value].length <= Number(rule), `${at}: is too long`),
  required: (value, rule, { at }) =>
    !isObject(value)
      ? []
      : (rule as string[]).filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}: has no ${name}`),
  properties: (value, rule, { document, at }) =>
    Object.entries(rule as Record<string, Schema>).flatMap(([name, schema]) =>
      isObject(value) && Object.hasOwn(value, name) ? faults(value[name], schema, document, `${at}.${name}`) : [],
    ),
  additionalProperties: (value, rule, { schema, document, at }) => {
    if (!isObject(value)) return [];
    const known = Object.keys((schema.properties as object | undefined) ?? {});
    const others = Object.keys(value).filter((name) => !known.includes(name));
    if (rule === false) return others.map((name) => `${at}: has ${name}`);
    return rule === true
      ? []
      : others.flatMap((name) => faults(value[name], rule as Schema, document, `${at}.${name}`));
  },
  propertyNames: (value, rule, { document, at }) =>
    isObject(value)
      ? Object.keys(value).flatMap((name) => faults(name, rule as Schema, document, `${at}: name ${name}`))
      : [],
  items: (value, rule, { document, at }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => faults(item, rule as Schema, document, `${at}[${index}]`))
      : [],
  allOf: (value, rule, { document, at }) => (rule as Schema[]).flatMap((one) => faults(value, one, document, at)),
  anyOf: (value, rule, { document, at }) =>
    said(
      (rule as Schema[]).some((one) => faults(value, one, document, at).length === 0),
      `${at}: ${JSON.stringify(value).slice(0, 100)} is none of what it may be`,
    ),
  oneOf: (value, rule, { document, at }) =>
    said(
      (rule as Schema[]).filter((one) => faults(value, one, document, at).length === 0).length === 1,
      `${at}: is not one of what it may be`,
    ),
};

function isType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolve(document: unknown, reference: string): Schema {
  const path = reference.replace(/^#\//, '').split('/');
  const found = path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], document);
  if (!isObject(found)) throw new Error(`${reference} leads nowhere`);
  return found;
}
