import { printable } from './printable.ts';

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** What XML 1.0 (section 2.2, `Char`) has no place for and `printable` leaves: noncharacters. */
const NO_CHARACTERS = /[\ufffe\uffff]/g;

/** Text for an element or a quoted attribute of XML 1.0, on one line; what XML cannot hold stands as `\x1b`. */
export function xmlText(text: string): string {
  return printable(text)
    .replace(NO_CHARACTERS, (one) => `\\u${one.charCodeAt(0).toString(16)}`)
    .replace(/[&<>"']/g, (one) => NAMES[one]!);
}

/** Attributes that have a value, a blank before each. */
export function xmlAttributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${xmlText(String(value))}"`))
    .join('');
}
