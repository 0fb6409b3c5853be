import type { Report } from '../model/report.ts';

/** A run that broke off: what there is of it, incomplete, is kept like any other run, and told like one that failed. */
export class BrokenRun extends Error {
  override readonly name = 'BrokenRun';
  readonly report: Report;

  constructor(message: string, report: Report) {
    super(message);
    this.report = report;
  }
}
