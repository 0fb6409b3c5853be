import type { Precision } from '../capture/events.ts';

const DECIMALS: Readonly<Record<Precision, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

/**
 * RFC 3339 text in UTC with as many decimals as the source has.
 *
 * A packet without a time (Simple Packet Block) reads as the epoch.
 */
export function formatTime(seconds: number, nanoseconds: number, precision: Precision): string {
  const whole = new Date(Math.max(0, seconds) * 1000).toISOString().slice(0, 19);
  const decimals = DECIMALS[precision];
  if (decimals === 0) return `${whole}Z`;
  return `${whole}.${String(nanoseconds).padStart(9, '0').slice(0, decimals)}Z`;
}
