import { processName } from '../evaluate/process-name.ts';
import type { Finding, Report } from '../model/report.ts';
import { listedTaskManagers, UNLISTED_MS } from './sights.ts';

/** The rule that holds what is served against what is on disk. */
const RULE = 'served-certificate-is-not-the-one-on-disk';
/** A member, and where it showed another certificate. */
interface Waiting {
  readonly member: string;
  readonly component?: string;
  readonly channel: string;
  /** Since when it is no longer registered. */
  readonly unlistedSince?: string;
}

interface Rotation {
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
  /** Who was told to show another certificate and was not seen with one of the store since. */
  readonly waiting: readonly Waiting[];
}

/**
 * Key stores that were written and are not served by everybody yet. One is closed when each member that was told to show
 * another certificate was seen with one of it, or is gone; where none was told, by a run that saw what is served, and
 * left nothing open.
 */
export class Rotations {
  readonly #open = new Map<string, Rotation>();

  /** @throws SyntaxError for what is no text of `toString` */
  static parse(text: string): Rotations {
    const read = new Rotations();
    for (const [file, one] of JSON.parse(text) as readonly (readonly [string, Rotation])[]) read.#open.set(file, one);
    return read;
  }

  toString(): string {
    return JSON.stringify([...this.#open]);
  }

  get files(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Members that have to be restarted, as far as runs have told. */
  get members(): readonly string[] {
    return [...new Set([...this.#open.values()].flatMap(({ waiting }) => waiting.map(({ member }) => member)))];
  }

  written(file: string, at: number): void {
    this.#open.set(file, { writtenAt: at, waiting: [] });
  }

  forget(file: string): void {
    this.#open.delete(file);
  }

  /** What a complete run that asked tells; returns the files that are served now. */
  take(report: Report): readonly string[] {
    const told = report.findings.filter(({ ruleId }) => ruleId === RULE);
    return [...this.#open].flatMap(([file, rotation]) => {
      if (Date.parse(report.startedAt) < rotation.writtenAt) return [];
      const accused = told.filter((one) => this.#isOf(file, one)).flatMap(waitingOf);
      const before = rotation.waiting.filter((one) => !accused.some((other) => isSame(one, other)));
      const waiting = [...accused, ...before.flatMap((one) => stillWaiting(one, report))];
      const wasTold = rotation.waiting.length > 0;
      if (waiting.length > 0 || !(wasTold || isSettled(report, told))) {
        this.#open.set(file, { ...rotation, waiting });
        return [];
      }
      this.#open.delete(file);
      return [file];
    });
  }

  /** A finding that cites none of the files that are open may be of any. */
  #isOf(file: string, { evidence }: Finding): boolean {
    const cited = evidence.flatMap((one) => (one.file !== undefined && this.#open.has(one.file) ? [one.file] : []));
    return cited.length === 0 || cited.includes(file);
  }
}

function waitingOf({ verdict, channel, endpoint }: Finding): readonly Waiting[] {
  if (verdict !== 'fail' || endpoint === undefined) return [];
  const { component } = endpoint;
  return [{ member: processName(endpoint), channel, ...(component === undefined ? {} : { component }) }];
}

function isSame(a: Waiting, b: Waiting): boolean {
  return a.member === b.member && a.channel === b.channel;
}

/** None: it was seen with a certificate that nobody accuses, or has been gone for long. */
function stillWaiting(one: Waiting, report: Report): readonly Waiting[] {
  const { unlistedSince = report.finishedAt, ...who } = one;
  if (showsLeaf(one, report)) return [];
  if (one.component !== 'taskmanager') return [one];
  const listed = listedTaskManagers(report);
  if (listed.length === 0) return [one];
  if (listed.includes(one.member)) return [who];
  return Date.parse(report.finishedAt) - Date.parse(unlistedSince) >= UNLISTED_MS ? [] : [{ ...who, unlistedSince }];
}

function showsLeaf({ member, channel }: Waiting, { observations }: Report): boolean {
  return observations.some((one) => {
    if (one.channel !== channel || one.tls === undefined) return false;
    const { serverCertificate, clientCertificate } = one.tls;
    const isServer = processName(one.server) === member && serverCertificate.seen === 'present';
    const isClient =
      one.client !== undefined && processName(one.client) === member && clientCertificate.seen === 'present';
    return isServer || isClient;
  });
}

/** Where nobody could see what is served, nothing is closed. */
function isSettled({ verdict, observations }: Report, told: readonly Finding[]): boolean {
  const isSeen = observations.some(({ tls }) => tls?.serverCertificate.seen === 'present');
  return isSeen && told.length === 0 && verdict !== 'inconclusive';
}
