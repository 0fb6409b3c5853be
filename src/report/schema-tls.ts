import { z } from 'zod';
import type { TlsDetails } from '../model/tls.ts';
import type { Assignable, Keys, Mutable } from './schema-check.ts';
import { sha1, sha256, side, text, texts, whole } from './schema-scalars.ts';
import { CLIENT_CREDENTIALS } from './schema-values.ts';

const hiddenReason = z.enum(['encrypted', 'resumed', 'truncated', 'not-reached']);

const certificate = z
  .strictObject({
    sha256,
    sha1,
    subject: text,
    issuer: text,
    serialNumber: text,
    notBefore: text,
    notAfter: text,
    publicKey: z.strictObject({ type: text, bits: z.number().nullable(), curve: text.nullable() }),
    signatureAlgorithm: text,
    subjectAltNames: texts,
    selfIssued: z.boolean(),
    basicConstraints: z.strictObject({ ca: z.boolean(), pathLength: whole.exactOptional() }).exactOptional(),
    keyUsage: texts.exactOptional(),
    extendedKeyUsage: texts.exactOptional(),
    problem: text.exactOptional(),
  })
  .meta({ id: 'Certificate' });

const seenChain = z
  .discriminatedUnion('seen', [
    z.strictObject({ seen: z.literal('present'), truncated: z.boolean(), chain: z.array(certificate) }),
    z.strictObject({ seen: z.literal('absent') }),
    z.strictObject({ seen: z.literal('hidden'), because: hiddenReason }),
  ])
  .meta({ id: 'SeenCertificateChain' });

const recordCounts = z.strictObject({
  handshake: whole,
  changeCipherSpec: whole,
  alert: whole,
  applicationData: whole,
});
const demand = z.enum(['required', 'requested', 'not-requested', 'unknown']);

const admissionProof = z.strictObject({
  credential: z.enum(CLIENT_CREDENTIALS),
  version: text,
  outcome: z.enum(['admitted', 'refused', 'unknown', 'not-asked']),
  evidence: text,
});

const chainTrust = z.strictObject({
  verdict: z.enum(['anchored', 'self-signed', 'not-anchored', 'incomplete']),
  anchor: text.exactOptional(),
  missingIssuer: text.exactOptional(),
  text,
});

const tlsFields = z
  .strictObject({
    outcome: z.enum(['established', 'refused', 'incomplete']),
    resumed: z.union([z.boolean(), z.literal('unknown')]),
    startedAtOffset: whole,
    version: text.exactOptional(),
    cipherSuite: text.exactOptional(),
    namedGroup: text.exactOptional(),
    signatureScheme: text.exactOptional(),
    serverName: text.exactOptional(),
    alpn: texts,
    ja3: text.exactOptional(),
    ja3s: text.exactOptional(),
    ja4: text.exactOptional(),
    helloRetryRequest: z.boolean().exactOptional(),
    encryptThenMac: z.boolean().exactOptional(),
    dh: z.strictObject({ bits: whole, group: text.exactOptional() }).exactOptional(),
    offered: z
      .strictObject({ versions: texts, cipherSuites: texts, namedGroups: texts, signatureSchemes: texts })
      .exactOptional(),
    accepted: z
      .strictObject({
        versions: texts,
        cipherSuites: z.record(text, texts),
        namedGroups: texts,
        signatureSchemes: texts,
      })
      .exactOptional(),
    suitePreference: z.enum(['server', 'client', 'unknown']).exactOptional(),
    alternativeChains: z
      .array(
        z.strictObject({
          versions: texts,
          keyType: text,
          chain: z.array(certificate),
          trust: chainTrust.exactOptional(),
        }),
      )
      .exactOptional(),
    admission: z.array(admissionProof).exactOptional(),
    refusedServerName: z.strictObject({ name: text, alert: text }).exactOptional(),
    alerts: z.array(
      z.strictObject({
        from: side,
        level: z.enum(['warning', 'fatal']),
        description: text,
        code: z.number().int().min(0).max(255),
        frame: whole.exactOptional(),
      }),
    ),
    records: z.strictObject({ client: recordCounts, server: recordCounts }),
    serverCertificate: seenChain,
    trust: chainTrust.exactOptional(),
    clientCertificate: seenChain,
    clientAuthentication: z.strictObject({
      verdict: demand,
      byVersion: z.record(text, demand).exactOptional(),
      presented: z.enum(['certificate', 'empty', 'none', 'unknown']),
      basis: z.enum(['messages', 'record-lengths', 'probe']),
      evidence: text.exactOptional(),
      certificateAuthorities: texts,
      certificateTypes: texts,
      signatureSchemes: texts.exactOptional(),
    }),
    refusal: z
      .strictObject({
        from: side,
        how: z.enum(['alert', 'encrypted-alert', 'fin', 'reset']),
        after: text,
        frame: whole.exactOptional(),
      })
      .exactOptional(),
    decrypted: z.boolean().exactOptional(),
    problems: texts.exactOptional(),
  })
  .meta({ id: 'Tls' });

/** Both ways: a field added to the schema or to the model alone no longer compiles. */
type _SchemaIsModel = [
  Assignable<z.output<typeof tlsFields>, Mutable<TlsDetails>>,
  Assignable<Mutable<TlsDetails>, z.output<typeof tlsFields>>,
  Assignable<Keys<z.output<typeof tlsFields>>, Keys<Mutable<TlsDetails>>>,
  Assignable<Keys<Mutable<TlsDetails>>, Keys<z.output<typeof tlsFields>>>,
];

/** What a report says of TLS on one connection or endpoint. */
export const tls: z.ZodType<Mutable<TlsDetails>> = tlsFields;
