import type { Endpoint } from '../model/report.ts';

type Named = Pick<Endpoint, 'member' | 'host'>;

/** What a process is called: its member name, else its address. */
export function processName({ member, host }: Named): string {
  return member ?? host;
}

/** One process, as far as names and addresses tell: where only one of two has a name, the address decides. */
export function isSameProcess(a: Named, b: Named): boolean {
  return a.member !== undefined && b.member !== undefined ? a.member === b.member : a.host === b.host;
}
