/** zod gives mutable arrays; the model is readonly throughout. */
export type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

/** Compiles only while a value of the first type always is one of the second. */
export type Assignable<From extends To, To> = From;

/** Names of all fields at any depth: tells optional fields that one side lacks, which assignability lets pass. */
export type Keys<T> = T extends (infer U)[]
  ? Keys<U>
  : T extends object
    ? string extends keyof T
      ? never
      : { [K in keyof T & string]: K | Keys<NonNullable<T[K]>> }[keyof T & string]
    : never;
