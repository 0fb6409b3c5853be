/** What stands in the place of a secret. */
export const MASK = '******';

/**
 * A value without what stands before the host of URLs in it: `https://user:secret@host` may stand in any. Of schemes of
 * storage (`abfss://container@account`) only what has a password.
 */
export function withoutUserInfo(value: string): string {
  return value.replace(/(https?:\/\/)[^/\s@]*@|(:\/\/)[^/\s@:]*:[^/\s@]*@/gi, `$1$2${MASK}@`);
}
