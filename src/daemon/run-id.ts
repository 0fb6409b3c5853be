import { randomBytes } from 'node:crypto';

/** Crockford's base 32: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * Names of runs: 26 characters, the first ten of which are the time in milliseconds, so that they sort by it (as ULIDs
 * do). Every name sorts behind all earlier ones of this maker, also where the clock is set back.
 */
export class RunIds {
  #last = 0;

  /** `now`: milliseconds since the epoch. */
  next(now: number): string {
    this.#last = Math.max(this.#last + 1, now);
    return `${timeText(this.#last)}${randomText()}`;
  }
}

function timeText(time: number): string {
  let text = '';
  for (let rest = time; text.length < TIME_DIGITS; rest = Math.floor(rest / 32)) text = `${DIGITS[rest % 32]}${text}`;
  return text;
}

/** 256 is a multiple of 32: every digit is as likely as any other. */
function randomText(): string {
  return [...randomBytes(RANDOM_DIGITS)].map((octet) => DIGITS[octet % 32]).join('');
}
