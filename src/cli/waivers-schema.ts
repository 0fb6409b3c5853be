import { z } from 'zod';
import { CHANNEL_IDS } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import type { Waiver } from '../model/waiver.ts';

/** The file as it is written. */
export interface WrittenWaivers {
  readonly version: '1';
  readonly waivers: readonly Waiver[];
}

const text = z.string().trim().min(1, 'is empty').max(1000, 'is longer than 1,000 characters');
const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is no id: letters, digits, dots, dashes and underscores, 64 at most');
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const date = z.string().regex(DATE, 'is no date, as 2026-12-31').refine(isDay, 'is no day of the calendar');

const scope = z.strictObject({
  rule: text.exactOptional(),
  channel: z.enum([...CHANNEL_IDS, 'unknown']).exactOptional(),
  member: text.exactOptional(),
  host: text.exactOptional(),
  cluster: text.exactOptional(),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'is no fingerprint: 32 lower-case hex digits')
    .exactOptional(),
  severity: z.enum(SEVERITIES).exactOptional(),
});

/** Scalars are read as they are written. */
export const waiversSchema: z.ZodType<WrittenWaivers> = z.strictObject({
  version: z.literal('1'),
  waivers: z.array(z.strictObject({ id, scope, owner: text, reason: text, until: date })),
});

/** The 31st of February is written like a day and is none. */
function isDay(written: string): boolean {
  if (!DATE.test(written)) return true;
  const at = new Date(`${written}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(written);
}
