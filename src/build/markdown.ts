/** Addresses as links named by what they are; the rest is a name to look up. */
export function reference(text: string): string {
  const rfc = /^https:\/\/www\.rfc-editor\.org\/rfc\/rfc(\d+)(?:#(section|appendix)-([\w.]+))?$/.exec(text);
  if (rfc !== null) return `[RFC ${rfc[1]}${rfc[2] === undefined ? '' : ` ${rfc[2]} ${rfc[3]}`}](${text})`;
  const page = /^https:\/\/nightlies\.apache\.org\/flink\/flink-docs-stable\/docs\/(.+?)\/?$/.exec(text);
  if (page !== null) return `[Flink documentation: ${page[1]}](${text})`;
  return /^https?:/.test(text) ? `<${text}>` : escaped(text);
}

/** Without characters that Markdown would take for marks. */
export function escaped(text: string): string {
  return text.replace(/[*_<>[\]`]/g, (mark) => `\\${mark}`);
}

/** The same for a cell of a table. */
export function cell(text: string): string {
  return escaped(text).replaceAll('|', '\\|');
}
