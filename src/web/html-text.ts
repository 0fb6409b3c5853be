import type { Fragment, Tags, Value } from './template.ts';

/** A template with what stands in it, not yet text. */
interface Filled extends Fragment {
  readonly values: readonly Value[];
}

const fill = (strings: TemplateStringsArray, ...values: readonly Value[]): Filled => ({ strings, values });

/** What the server and reports hand to the templates of this folder. */
export const TAGS: Tags = { html: fill, svg: fill };

/** The template as HTML. All that is no template is escaped, in text as in attributes, which have to be quoted. */
export function htmlText(fragment: Fragment): string {
  const parts: string[] = [];
  append(parts, fragment as Filled);
  return parts.join('');
}

/** `?attribute=` before a value: there or not, as lit reads it. */
const CONDITIONAL = /\s\?([\w-]+)=$/;

function append(parts: string[], { strings, values }: Filled): void {
  for (const [index, written] of strings.entries()) {
    // Indents are for who reads the templates.
    const text = written.replace(/\n +/g, '\n');
    if (index === values.length) {
      parts.push(text);
      continue;
    }
    const value = values[index];
    const conditional = CONDITIONAL.exec(text);
    if (conditional === null) {
      parts.push(text);
      appendValue(parts, value);
    } else {
      parts.push(text.slice(0, conditional.index), value ? ` ${conditional[1]}` : '');
    }
  }
}

function appendValue(parts: string[], value: Value): void {
  if (value === undefined) return;
  if (typeof value !== 'object') parts.push(escaped(String(value)));
  else if (isFilled(value)) append(parts, value);
  else if (Array.isArray(value)) for (const one of value as readonly Value[]) appendValue(parts, one);
  else parts.push(escaped(String(value)));
}

/** Nothing that was read from JSON is one: its strings would have no `raw`. */
function isFilled(value: object): value is Filled {
  const { strings } = value as Partial<Filled>;
  return Array.isArray(strings) && 'raw' in strings;
}

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\0': '\ufffd',
};

export function escaped(text: string): string {
  return text.replace(/[&<>"'\0]/g, (one) => NAMES[one]!);
}
