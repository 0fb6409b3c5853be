import type { Side } from '../bytes/stream.ts';
import type { Encapsulations } from '../capture/encapsulation.ts';
import type { Topology } from '../flink/topology.ts';
import type { Channel, ChannelId } from '../model/channel.ts';
import type { ClearReading, Probe } from '../model/probe.ts';
import type {
  Certificate,
  CertificateChain,
  Endpoint,
  Observation,
  PlaintextDetails,
  Seen,
  TlsDetails,
} from '../model/report.ts';
import { identifyHttpAnswer } from '../protocols/http-flink.ts';
import type { SeenChain, TlsReading } from '../tls/reading.ts';
import type { CertificateCache } from '../x509/certificate.ts';
import { parseDistinguishedName } from '../x509/name.ts';
import { describeAnswer } from './answer.ts';
import type { KeptConnection } from './kept.ts';
import { isOneSided } from './passive.ts';
import type { ConnectionRecord } from './record.ts';

export interface ObservationContext {
  readonly topology: Topology;
  readonly probes: ReadonlyMap<ChannelId, Probe>;
  readonly encapsulations: Encapsulations;
  readonly certificates: CertificateCache;
  /** Frame of the run to frame number in its file, and the file's name where the run has several. */
  readonly place: (frame: number) => { readonly frame: number; readonly file?: string };
  /** RFC 3339 with the precision of the source. */
  readonly time: (seconds: number, nanoseconds: number) => string;
}

/**
 * Turns what was kept of connections into observations, once all names and ports are known.
 *
 * Consumes the list: each record is let go when its observation is made, so that both never stand in memory.
 */
export function observations(kept: KeptConnection[], context: ObservationContext): Observation[] {
  kept.reverse();
  const made: Observation[] = [];
  for (let next = kept.pop(); next !== undefined; next = kept.pop()) {
    made.push(observe(next.record, `o${made.length + 1}`, next.repeats, context));
  }
  return made;
}

interface Roles {
  readonly client: Side;
  readonly server: Side;
  readonly basis: Observation['roleBasis'];
}

interface Called {
  readonly channel: Channel;
  readonly basis: Observation['channelBasis'];
}

function observe(record: ConnectionRecord, id: string, repeats: number, context: ObservationContext): Observation {
  const roles = rolesOf(record, context);
  const called = callChannel(record, roles, context);
  const first = context.place(record.first.frame);
  const last = context.place(record.last.frame);
  const encapsulation = encapsulationOf(record, context);
  const quality = qualityOf(record, roles);
  return {
    id,
    vantage: 'passive',
    observedAt: context.time(record.first.seconds, record.first.nanoseconds),
    lastSeenAt: context.time(record.last.seconds, record.last.nanoseconds),
    channel: called.channel,
    channelBasis: called.basis,
    roleBasis: roles.basis,
    server: endpoint(record, roles.server, called.channel, 'server', context),
    client: endpoint(record, roles.client, called.channel, 'client', context),
    ...(encapsulation === undefined ? {} : { encapsulation }),
    ...said(record, roles, context),
    bytes: { client: record.bytes[roles.client], server: record.bytes[roles.server] },
    frames: { first: first.frame, last: last.frame, ...(first.file === undefined ? {} : { file: first.file }) },
    ...(quality === undefined ? {} : { quality }),
    ...(repeats > 0 ? { repeats } : {}),
  };
}

function rolesOf(record: ConnectionRecord, context: ObservationContext): Roles {
  const of = (client: Side, basis: Roles['basis']): Roles => ({ client, server: client === 0 ? 1 : 0, basis });
  if (record.syn === 'seen' || record.synAck === 'seen') return of(0, 'syn');
  const { speech } = record;
  if (speech.kind === 'tls' && speech.reading.clientSide !== undefined) return of(speech.reading.clientSide, 'hello');
  if (speech.kind === 'clear' && speech.reading.clientSide !== undefined)
    return of(speech.reading.clientSide, 'protocol');
  const known = ([0, 1] as const).filter(
    (side) => context.topology.channelOf(record.hosts[side], record.ports[side]) !== undefined,
  );
  if (known.length === 1) return of(known[0] === 0 ? 1 : 0, 'port');
  return of(record.ports[0] < record.ports[1] ? 1 : 0, 'port');
}

/** Content names the channel; where it is hidden or shared by several, configuration, discovery or the port does. */
function callChannel(record: ConnectionRecord, roles: Roles, context: ObservationContext): Called {
  const { speech } = record;
  const server = context.topology.channelOf(record.hosts[roles.server], record.ports[roles.server]);
  if (speech.kind === 'clear') {
    const { reading } = speech;
    if (reading.channel !== undefined) return { channel: reading.channel, basis: 'protocol' };
    if (server !== undefined && speaks(server.channel, reading.protocol, context)) return server;
    if (reading.protocol === 'http') return { channel: 'unknown', basis: 'protocol' };
    if (reading.protocol === 'flink-rpc' && context.probes.has('metrics-query-service')) {
      // Nothing but control frames, on a port that nobody named: RPC would show its heartbeats every 10 seconds and
      // listens on a port that is known as a rule; the metric query service is idle until asked, on a random one.
      return { channel: 'metrics-query-service', basis: 'port' };
    }
    const only = [...context.probes.values()].filter((probe) => speaks(probe.id, reading.protocol, context));
    const first = only[0];
    return first === undefined ? { channel: 'unknown', basis: 'protocol' } : { channel: first.id, basis: 'protocol' };
  }
  if (speech.kind === 'tls' || speech.kind === 'silent' || speech.kind === 'undecided') {
    return server ?? { channel: 'unknown', basis: 'port' };
  }
  // Clear text that is nothing of Flink's on a port that the configuration gives to Flink is that channel's business.
  return server !== undefined && server.basis !== 'port' ? server : { channel: 'unknown', basis: 'port' };
}

function speaks(channel: Channel, protocol: string, context: ObservationContext): boolean {
  const probe = channel === 'unknown' ? undefined : context.probes.get(channel);
  return probe?.protocols.some((one) => one.name === protocol) ?? false;
}

function endpoint(
  record: ConnectionRecord,
  side: Side,
  channel: Channel,
  role: 'client' | 'server',
  context: ObservationContext,
): Endpoint {
  const host = record.hosts[side];
  const port = record.ports[side];
  const member = context.topology.member(host, port);
  const probe = channel === 'unknown' ? undefined : context.probes.get(channel);
  const reading = record.speech.kind === 'clear' ? record.speech.reading : undefined;
  const component =
    (role === 'server' ? (reading?.serverComponent ?? probe?.component) : reading?.clientComponent) ??
    context.topology.component(host, port);
  return {
    host,
    port,
    ...(component === undefined ? {} : { component }),
    ...(member === undefined ? {} : { member }),
  };
}

function encapsulationOf(record: ConnectionRecord, context: ObservationContext): Observation['encapsulation'] {
  if (record.encapsulation === 0) return undefined;
  return context.encapsulations.describe(record.encapsulation);
}

function qualityOf(record: ConnectionRecord, roles: Roles): Observation['quality'] {
  const oneSided = isOneSided(record)
    ? record.packets[roles.client] === 0
      ? 'server-only'
      : 'client-only'
    : undefined;
  const isMidstream = record.syn === 'not-seen' && record.synAck === 'not-seen';
  if (
    record.gapBytes === 0 &&
    record.gaps === 0 &&
    record.cutBytes === 0 &&
    !oneSided &&
    !isMidstream &&
    record.limits.length === 0
  ) {
    return undefined;
  }
  return {
    ...(record.gaps > 0 ? { gapBytes: record.gapBytes } : {}),
    ...(record.cutBytes > 0 ? { cutBytes: record.cutBytes } : {}),
    ...(oneSided === undefined ? {} : { oneSided }),
    ...(isMidstream ? { midstream: true } : {}),
    ...(record.limits.length > 0 ? { limits: record.limits } : {}),
  };
}

type Said = Pick<Observation, 'kind'> & Partial<Pick<Observation, 'because' | 'answer' | 'tls' | 'plaintext'>>;

function said(record: ConnectionRecord, roles: Roles, context: ObservationContext): Said {
  const { speech } = record;
  switch (speech.kind) {
    case 'tls':
      return saidTls(record, roles, speech, context);
    case 'clear':
      return saidClear(record, roles, speech.reading, context);
    case 'silent':
      return { kind: 'no-answer', because: silence(record) };
    case 'undecided':
      return { kind: 'undecided', because: record.cutBytes > 0 ? 'truncated' : speech.because };
    case 'unknown':
      return saidUnknown(record, roles);
  }
}

const UNKNOWN: PlaintextDetails = {
  protocol: 'unknown',
  details: {},
  firstBytes: '',
  stateTransfer: [],
  credentials: [],
};

/** Bytes that nobody claims. Where the server met them with TLS or by closing, it took no part in them. */
function saidUnknown(record: ConnectionRecord, roles: Roles): Said {
  const head = record.heads[roles.server];
  const isMidstream = record.syn === 'not-seen' && record.synAck === 'not-seen';
  const tookPart = head.length > 0 && !isTlsHead(head.bytes);
  if (tookPart || isMidstream || isOneSided(record)) return { kind: 'plaintext', plaintext: UNKNOWN };
  return { kind: 'plaintext', plaintext: UNKNOWN, answer: describeAnswer(record, head, 'a clear request') };
}

/** A stream that begins like a TLS record (RFC 8446 section 5.1). */
export function isTlsHead(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0]! >= 20 && bytes[0]! <= 23 && bytes[1] === 3 && bytes[2]! <= 4;
}

/** A connection without a byte: how it ended. */
function silence(record: ConnectionRecord): 'reset' | 'closed-at-once' | 'closed-late' | 'silent' {
  if (record.reset !== 'no') return 'reset';
  if (record.heads.some((head) => head.ended === 'fin')) {
    return record.last.seconds - record.first.seconds < 2 ? 'closed-at-once' : 'closed-late';
  }
  return 'silent';
}

function saidTls(
  record: ConnectionRecord,
  roles: Roles,
  speech: Extract<ConnectionRecord['speech'], { kind: 'tls' }>,
  context: ObservationContext,
): Said {
  const { reading, foreign } = speech;
  const head = record.heads[roles.server];
  const tls = tlsDetails(reading, context);
  const answeredTls = reading.sawServerHello || (head.length > 0 && foreign[roles.server] === undefined);
  if (!reading.sawClientHello || answeredTls || isOneSided(record)) return { kind: 'tls', tls };
  const place = foreign[roles.server];
  const bytes = place?.bytes ?? head.bytes;
  const answer = describeAnswer(record, { ...head, bytes, length: bytes.length }, 'the ClientHello', nameAnswer(bytes));
  const outcome = answer.kind === 'silence' ? tls.outcome : 'refused';
  return { kind: 'tls', tls: { ...tls, outcome }, answer };
}

function nameAnswer(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const http = identifyHttpAnswer(bytes);
  if (http !== undefined) return http === 'http' ? 'HTTP' : `HTTP of a ${http} port`;
  const isFlinkData =
    bytes.length >= 8 && bytes[4] === 0xba && bytes[5] === 0xdc && bytes[6] === 0x0f && bytes[7] === 0xfe;
  return isFlinkData ? 'a Flink data frame' : undefined;
}

function saidClear(record: ConnectionRecord, roles: Roles, reading: ClearReading, context: ObservationContext): Said {
  const plaintext = plaintextDetails(reading, roles, context);
  const head = record.heads[roles.server];
  if ((reading.answered && !isTlsHead(head.bytes)) || isOneSided(record)) return { kind: 'plaintext', plaintext };
  if (record.syn === 'not-seen' && record.synAck === 'not-seen' && head.length === 0)
    return { kind: 'plaintext', plaintext };
  return { kind: 'plaintext', plaintext, answer: describeAnswer(record, head, `a clear ${reading.protocol} request`) };
}

function plaintextDetails(reading: ClearReading, roles: Roles, context: ObservationContext): PlaintextDetails {
  const from = (side: Side): 'client' | 'server' => (side === roles.client ? 'client' : 'server');
  const frame = (value: number): number => context.place(value).frame;
  return {
    protocol: reading.protocol,
    details: reading.details,
    firstBytes: Buffer.from(reading.firstBytes).toString('hex'),
    stateTransfer: reading.stateTransfer.map(({ side, ...transfer }) => ({
      ...transfer,
      from: from(side),
      frame: frame(transfer.frame),
    })),
    credentials: reading.credentials.map(({ side, ...sighting }) => ({
      ...sighting,
      from: from(side),
      frame: frame(sighting.frame),
    })),
  };
}

function tlsDetails(reading: TlsReading, context: ObservationContext): TlsDetails {
  const client = reading.clientSide ?? 0;
  const { clientAuthentication } = reading;
  const truncated = (chain: SeenChain): Seen<CertificateChain> =>
    chain.seen === 'present'
      ? {
          seen: 'present',
          truncated: chain.truncated,
          chain: chain.certificates.map((der) => certificateOf(der, context.certificates)),
        }
      : chain;
  return {
    outcome: reading.outcome,
    resumed: reading.resumed,
    startedAtOffset: reading.startedAtOffset,
    ...optional({
      version: reading.version,
      cipherSuite: reading.cipherSuite,
      namedGroup: reading.namedGroup,
      signatureScheme: reading.signatureScheme,
      serverName: reading.serverName,
    }),
    alpn: reading.alpn,
    ...optional({ ja3: reading.ja3, ja3s: reading.ja3s, ja4: reading.ja4, dh: reading.dh, offered: reading.offered }),
    ...(reading.helloRetryRequest ? { helloRetryRequest: true } : {}),
    ...(reading.encryptThenMac ? { encryptThenMac: true } : {}),
    alerts: reading.alerts.map((alert) => ({
      from: alert.side === client ? ('client' as const) : ('server' as const),
      level: alert.level,
      description: alert.encrypted === true ? 'encrypted' : alert.description,
      code: alert.code,
      frame: context.place(alert.frame).frame,
    })),
    records: reading.records,
    serverCertificate: truncated(reading.serverCertificate),
    clientCertificate: truncated(reading.clientCertificate),
    clientAuthentication: {
      verdict: clientAuthentication.verdict,
      presented: clientAuthentication.presented,
      basis: clientAuthentication.basis,
      ...(clientAuthentication.evidence === undefined ? {} : { evidence: clientAuthentication.evidence }),
      certificateAuthorities: clientAuthentication.certificateAuthorities.map((der) => parseDistinguishedName(der)),
      certificateTypes: clientAuthentication.certificateTypes,
    },
    ...(reading.refusal === undefined
      ? {}
      : {
          refusal: {
            from: reading.refusal.side === client ? ('client' as const) : ('server' as const),
            how: reading.refusal.how,
            after: reading.refusal.after,
            ...(reading.refusal.frame === undefined ? {} : { frame: context.place(reading.refusal.frame).frame }),
          },
        }),
    ...(reading.decrypted ? { decrypted: true } : {}),
    ...(reading.problems.length > 0 ? { problems: reading.problems } : {}),
  };
}

/** Connections share one copy of a certificate's bytes: its hash is asked for once. */
const byIdentity = new WeakMap<Uint8Array, Certificate>();

function certificateOf(der: Uint8Array, cache: CertificateCache): Certificate {
  const known = byIdentity.get(der) ?? cache.read(der);
  byIdentity.set(der, known);
  return known;
}

/** Leaves out what is undefined. */
function optional<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
