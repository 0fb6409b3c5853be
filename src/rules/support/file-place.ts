import type { FilePlace } from '../../model/report.ts';

/** A file, or a line of it, and the member whose it is where one alone is known. */
export function filePlace(path: string, member: string | null | undefined, line?: number): FilePlace {
  return {
    path,
    ...(line === undefined ? {} : { line }),
    ...(member === null || member === undefined ? {} : { member }),
  };
}
