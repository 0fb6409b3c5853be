import { MAX_SECONDS, type Precision } from './events.ts';
import type { Packet } from './packet.ts';

/** if_tsresol where an interface has none: microseconds. */
export const DEFAULT_RESOLUTION = 6;

/**
 * Turns the 64-bit time stamps of one pcapng interface into seconds and nanoseconds.
 *
 * `resolution` is if_tsresol: with the top bit a negative power of 2, else of 10. `offsetSeconds` is if_tsoffset.
 */
export class TimestampUnit {
  readonly precision: Precision;
  readonly #offsetSeconds: number;
  /** Units per second; 0 where the exact slow way is needed. */
  readonly #perSecond: number;
  readonly #nanosecondsPerUnit: number;
  readonly #bigPerSecond: bigint;

  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & 0x7f;
    const binary = (resolution & 0x80) !== 0;
    this.#offsetSeconds = offsetSeconds;
    this.#bigPerSecond = binary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent);
    // In these ranges all products below stay under 2^53 or are exact multiples: plain numbers are exact.
    this.#perSecond = exponent <= (binary ? 20 : 9) ? Number(this.#bigPerSecond) : 0;
    this.#nanosecondsPerUnit = this.#perSecond === 0 ? 0 : 1_000_000_000 / this.#perSecond;
    this.precision = precisionOf(exponent, binary);
  }

  /**
   * Sets the time of the packet. `out-of-range`: before 1970 or after 9999, which RFC 3339 cannot write; the packet
   * then has no time.
   */
  apply(packet: Packet, high: number, low: number): 'ok' | 'out-of-range' {
    const perSecond = this.#perSecond;
    if (perSecond === 0) {
      const value = (BigInt(high) << 32n) | BigInt(low);
      packet.seconds = Number(value / this.#bigPerSecond);
      packet.nanoseconds = Number(((value % this.#bigPerSecond) * 1_000_000_000n) / this.#bigPerSecond);
    } else if (high < 0x20_0000) {
      const value = high * 0x1_0000_0000 + low;
      packet.seconds = Math.floor(value / perSecond);
      packet.nanoseconds = Math.floor((value - packet.seconds * perSecond) * this.#nanosecondsPerUnit);
    } else {
      // Long division in 16-bit digits: a remainder below 2^30 and a digit stay below 2^46.
      const upper = Math.floor(high / perSecond);
      const middle = (high - upper * perSecond) * 0x1_0000 + (low >>> 16);
      const middleSeconds = Math.floor(middle / perSecond);
      const lower = (middle - middleSeconds * perSecond) * 0x1_0000 + (low & 0xffff);
      const lowerSeconds = Math.floor(lower / perSecond);
      packet.seconds = upper * 0x1_0000_0000 + middleSeconds * 0x1_0000 + lowerSeconds;
      packet.nanoseconds = Math.floor((lower - lowerSeconds * perSecond) * this.#nanosecondsPerUnit);
    }
    packet.seconds += this.#offsetSeconds;
    if (packet.seconds >= 0 && packet.seconds <= MAX_SECONDS) return 'ok';
    packet.seconds = -1;
    packet.nanoseconds = 0;
    return 'out-of-range';
  }
}

/** The coarsest unit that loses nothing that the resolution can tell, as far as nanoseconds. */
function precisionOf(exponent: number, binary: boolean): Precision {
  const decimals = binary ? Math.ceil(exponent * Math.log10(2)) : exponent;
  if (decimals === 0) return 's';
  if (decimals <= 3) return 'ms';
  return decimals <= 6 ? 'us' : 'ns';
}
