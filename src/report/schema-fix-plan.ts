import { z } from 'zod';
import type { FixPlan } from '../model/fix-plan.ts';
import type { Assignable, Keys, Mutable } from './schema-check.ts';
import { text, texts, whole } from './schema-scalars.ts';

const change = z.strictObject({
  change: z.enum(['set', 'add', 'remove', 'rename']),
  key: text,
  to: text.exactOptional(),
  line: whole.exactOptional(),
  by: z.enum(['patch', 'command', 'hand']),
});

const file = z.strictObject({ path: text, members: texts, patch: z.string().nullable(), changes: z.array(change) });

const step = z.strictObject({ number: whole, title: text, text: texts, commands: texts, files: z.array(file) });

const planned = z.strictObject({
  fingerprint: text,
  ruleId: text,
  cure: z.enum(['step', 'by-hand']),
  step: whole.exactOptional(),
  arises: z.enum(['in-the-report', 'with-the-change']),
  text,
});

const plan = z
  .strictObject({
    restart: z.enum(['none', 'rest-only', 'rolling', 'all-at-once']),
    because: texts,
    steps: z.array(step),
    findings: z.array(planned),
    decisions: texts,
    leftAlone: whole,
  })
  .meta({ id: 'FixPlan' });

/** Both ways, as for the report as a whole. */
type _SchemaIsModel = [
  Assignable<z.output<typeof plan>, Mutable<FixPlan>>,
  Assignable<Mutable<FixPlan>, z.output<typeof plan>>,
  Assignable<Keys<z.output<typeof plan>>, Keys<Mutable<FixPlan>>>,
  Assignable<Keys<Mutable<FixPlan>>, Keys<z.output<typeof plan>>>,
];

export const fixPlan: z.ZodType<Mutable<FixPlan>> = plan;
