import type { CaseResult } from './results.ts';

export function matrix(results: readonly CaseResult[]): string {
  return `${results.length}\n`;
}
