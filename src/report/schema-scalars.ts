import { z } from 'zod';

export const text: z.ZodString = z.string();
export const texts: z.ZodArray<z.ZodString> = z.array(text);
/** Counts, sizes, frame numbers, offsets. */
export const whole: z.ZodNumber = z.number().int().nonnegative();
/** RFC 3339, with the precision of the source: microseconds and nanoseconds are kept. */
export const time: z.ZodString = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/);
/** At most 64 bytes: protocol headers only. */
export const headerBytes: z.ZodString = hex.max(128);
export const sha1: z.ZodString = z.string().regex(/^[0-9a-f]{40}$/);
export const sha256: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/);
export const side: z.ZodEnum<{ client: 'client'; server: 'server' }> = z.enum(['client', 'server']);
