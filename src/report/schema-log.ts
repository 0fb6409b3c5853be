import { z } from 'zod';
import type { LogLine } from '../model/log.ts';
import type { Assignable, Keys, Mutable } from './schema-check.ts';
import { text, whole } from './schema-scalars.ts';
import { COMPONENTS } from './schema-values.ts';

const EVENTS = [
  'process-started',
  'configuration-loaded',
  'configuration-differs',
  'actor-system-started',
  'remoting-started',
  'data-server-configured',
  'data-server-listening',
  'blob-server-started',
  'blob-client-connects',
  'rest-endpoint-listening',
  'web-frontend-listening',
  'history-server-tls',
  'prometheus-started',
  'jmx-started',
  'queryable-state-started',
  'collect-sink-started',
  'hiveserver2-started',
  'checkpoint-storage',
  'zookeeper-client',
  'resource-manager-address',
  'taskmanager-registered',
  'handshake-failed',
  'start-failed',
  'secret-written',
] as const;

const HANDSHAKE_FAILURES = [
  'peer-in-clear',
  'peer-in-tls',
  'alert',
  'untrusted',
  'empty-client-certificate',
  'client-pin-differs',
  'server-pin-differs',
  'no-common-suite',
  'no-common-protocol',
  'nothing-enabled',
  'expired',
  'not-yet-valid',
  'name-mismatch',
  'algorithm-constraints',
  'key-usage',
  'timeout',
  'closed',
] as const;

const START_FAILURES = [
  'option-missing',
  'malformed-pin',
  'wrong-store-password',
  'wrong-key-password',
  'store-missing',
  'wrong-store-type',
  'empty-truststore',
  'unknown-suite',
  'unknown-protocol',
  'no-openssl',
] as const;

const line = z
  .strictObject({
    file: text,
    line: whole,
    logger: text,
    event: z.enum(EVENTS).exactOptional(),
    lastLine: whole.exactOptional(),
    says: z.enum(['tls', 'clear']).exactOptional(),
    process: z.enum(['current', 'earlier']).exactOptional(),
    zone: z.enum(['written', 'assumed', 'none']).exactOptional(),
    text: text.exactOptional(),
    failure: z
      .strictObject({
        reason: z.enum([...HANDSHAKE_FAILURES, ...START_FAILURES, 'other']),
        side: z.enum(['client', 'server']).exactOptional(),
        certainty: z.enum(['proven', 'likely']),
        alert: text.exactOptional(),
        claimed: text.exactOptional(),
        subject: text.exactOptional(),
      })
      .exactOptional(),
    started: z
      .strictObject({
        component: z.enum(COMPONENTS).exactOptional(),
        version: text.exactOptional(),
        revision: text.exactOptional(),
        java: text.exactOptional(),
      })
      .exactOptional(),
    loaded: z
      .array(z.strictObject({ key: text, value: text, line: whole, origin: z.enum(['file', 'dynamic']) }))
      .exactOptional(),
    differences: z
      .array(
        z.strictObject({
          key: text,
          logged: text.nullable(),
          line: whole.exactOptional(),
          configured: text.nullable(),
          file: text.exactOptional(),
          configuredLine: whole.exactOptional(),
        }),
      )
      .exactOptional(),
  })
  .meta({ id: 'LogLine' });

/** `LogLine` of the model. */
export const logLine: z.ZodType<Mutable<LogLine>> = line;

/** Both ways, as for the whole report. */
type _SchemaIsModel = [
  Assignable<z.output<typeof line>, Mutable<LogLine>>,
  Assignable<Mutable<LogLine>, z.output<typeof line>>,
  Assignable<Keys<z.output<typeof line>>, Keys<Mutable<LogLine>>>,
  Assignable<Keys<Mutable<LogLine>>, Keys<z.output<typeof line>>>,
];
