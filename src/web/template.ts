/**
 * Templates that both sides fill: the server to text (`html-text.ts`), the browser with lit. The common part
 * of both: values stand for text, for a whole attribute value or part of one, for `?attribute`, and for further
 * templates or lists of them. No handlers, no `.property`, no value inside `style`, `script`, `textarea`, `title` or a
 * comment; nothing shown is the empty text, never `false`.
 */
export interface Fragment {
  readonly strings: TemplateStringsArray;
}

export type Tag = (strings: TemplateStringsArray, ...values: readonly Value[]) => Fragment;
export type Value = string | number | boolean | undefined | Fragment | readonly (string | Fragment)[];

export interface Tags {
  readonly html: Tag;
  /** For what stands inside an `svg` element of another template. */
  readonly svg: Tag;
}
