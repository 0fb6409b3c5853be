import type { Certificate } from '../../model/report.ts';
import type { RuleContext } from '../../model/rule.ts';
import type { PresentedCertificate } from './certificates.ts';

const DAY = 86_400_000;

/** Where a moment stands in a certificate's validity period (RFC 5280 section 4.1.2.5: both ends included). */
export type Standing = 'not-yet-valid' | 'valid' | 'expired' | 'unknown';

export function standingAt(certificate: Certificate, moment: number): Standing {
  const [from, to] = [Date.parse(certificate.notBefore), Date.parse(certificate.notAfter)];
  if (Number.isNaN(from) || Number.isNaN(to) || Number.isNaN(moment)) return 'unknown';
  if (moment < from) return 'not-yet-valid';
  // Whole seconds: notAfter names the last valid second.
  return Math.floor(moment / 1000) > Math.floor(to / 1000) ? 'expired' : 'valid';
}

/** The verdict where no date is at fault: dates that cannot be read are not passed. */
export function withoutFault(all: readonly Pick<PresentedCertificate, 'certificate'>[]): 'pass' | 'inconclusive' {
  return all.every((one) => standingAt(one.certificate, 0) !== 'unknown') ? 'pass' : 'inconclusive';
}

/** The last time that a certificate was presented, in milliseconds since the epoch. */
export function lastServedAt(presented: PresentedCertificate): number {
  return Math.max(...presented.observations.map((one) => Date.parse(one.observedAt)));
}

export function firstServedAt(presented: PresentedCertificate): number {
  return Math.min(...presented.observations.map((one) => Date.parse(one.observedAt)));
}

export function daysBetween(from: number, to: number): number {
  return (to - from) / DAY;
}

/** `2026-11-22`, in UTC. */
function dayOf(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? 'an unreadable time' : new Date(milliseconds).toISOString().slice(0, 10);
}

export function days(value: number): string {
  const whole = Math.floor(Math.abs(value));
  if (whole === 0) return 'less than a day';
  return whole === 1 ? '1 day' : `${whole} days`;
}

/** Both judgements in one sentence, to the day: as of when it was served, and as of now. The proof has the moment. */
export function bothStandings(presented: PresentedCertificate, context: RuleContext): string {
  const served = lastServedAt(presented);
  const say = (at: number): string => standingText(presented.certificate, at);
  return `when served (${dayOf(served)}): ${say(served)}; now (${dayOf(context.now)}): ${say(context.now)}`;
}

function standingText(certificate: Certificate, at: number): string {
  const to = Date.parse(certificate.notAfter);
  switch (standingAt(certificate, at)) {
    case 'expired':
      return `expired for ${days(daysBetween(to, at))}`;
    case 'not-yet-valid':
      return `not valid for another ${days(daysBetween(at, Date.parse(certificate.notBefore)))}`;
    case 'valid':
      return `valid for another ${days(daysBetween(at, to))}`;
    case 'unknown':
      return 'dates not readable';
  }
}
