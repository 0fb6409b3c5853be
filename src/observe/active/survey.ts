import type { Probe } from '../../model/probe.ts';
import type { Asked, Observation } from '../../model/report.ts';
import type { TlsDetails } from '../../model/tls.ts';
import { associate } from '../../protocols/asks.ts';
import { readCertificate } from '../../x509/certificate.ts';
import { parseDistinguishedName } from '../../x509/name.ts';
import { formatTime } from '../time.ts';
import { chainTrust } from './chain-trust.ts';
import { Connections } from './connections.ts';
import { ofFamily } from './families.ts';
import { identify, isAnswered, type Speech } from './identify.ts';
import { VERSIONS } from './offers.ts';
import { originOf, type RpcDoubt, withDoubt, withOrigin } from './rpc-channel.ts';
import { Session, SessionStopped, type StopReason } from './session.ts';
import { newFindings, type SentChain, type TlsFindings } from './tls-findings.ts';
import { TlsSurvey } from './tls-survey.ts';
import { momentOf } from './transcript-packets.ts';
import type { ActiveOptions, Target } from './types.ts';

/**
 * Asks one endpoint what it speaks and what it accepts, and makes one observation of it.
 *
 * Never throws for what the other side does. An interruption ends it early; what was found is told, `asked.complete`
 * is `false`. The caller gives the observation its id.
 */
export async function surveyEndpoint(target: Target, options: ActiveOptions): Promise<Observation> {
  const session = new Session(target, options);
  const connections = new Connections(options.probes);
  const probe = target.channel === undefined ? undefined : options.probes.get(target.channel);
  const observation = await observe(session, connections, probe);
  options.progress?.(observation, session.handshakesMs);
  return observation;
}

async function observe(session: Session, connections: Connections, probe: Probe | undefined): Promise<Observation> {
  let speech: Speech;
  try {
    // A default port is a guess: until it answers, it may be anything.
    speech = await identify(session, connections, session.target.channelBasis === 'port' ? undefined : probe);
  } catch (error) {
    if (!(error instanceof SessionStopped)) throw error;
    return unanswered(session, probe, { kind: 'no-answer', because: 'connection-limit' }, error.reason);
  }
  switch (speech.kind) {
    case 'tls':
      return observeTls(session, connections, probe, speech);
    case 'unusable': {
      const seen = connections.observe(speech.first);
      return finish(session, probe, { ...seen, channel: 'unknown', channelBasis: 'port' }, 'complete');
    }
    case 'clear':
      return observeClear(session, probe, speech);
    case 'foreign': {
      const { plaintext: _p, tls: _t, ...seen } = speech.observation;
      const text = `the ClientHello was answered in clear: ${speech.what}`;
      const answer = { ...seen.answer, kind: 'plaintext' as const, text };
      return finish(
        session,
        probe,
        { ...seen, channel: 'unknown', channelBasis: 'port', kind: 'undecided', because: 'unknown-protocol', answer },
        'complete',
      );
    }
    case 'no-answer':
      return unanswered(session, probe, speech, undefined);
  }
}

async function observeTls(
  session: Session,
  connections: Connections,
  probe: Probe | undefined,
  speech: Extract<Speech, { kind: 'tls' }>,
): Promise<Observation> {
  const found = newFindings();
  const survey = new TlsSurvey({
    session,
    speech,
    probe,
    found,
    isClear: (asked) => isAnswered(connections.observe(asked), asked.result),
  });
  await survey.run();
  const seen = connections.observe(speech.first);
  const { answer: _, quality: __, ...base } = seen;
  const anchors = ofFamily(session.options.trustAnchors, probe?.protection);
  const tls = fold(seen.tls!, found, connections, anchors);
  return finish(
    session,
    probe,
    { ...base, kind: 'tls', tls, channel: 'unknown', channelBasis: 'port' },
    found.stopped ?? 'complete',
    found,
  );
}

/** The first connection's details, and what all connections together showed. */
function fold(
  first: TlsDetails,
  found: TlsFindings,
  { certificates }: Connections,
  anchors: readonly Uint8Array[] | undefined,
): TlsDetails {
  const versions = Object.keys(VERSIONS).filter((version) => found.versions.get(version) === 'accepted');
  const highest = found.authentication.get(versions[0] ?? '');
  const byVersion = Object.fromEntries(
    versions.flatMap((version) => {
      const said = found.authentication.get(version);
      return said === undefined ? [] : [[version, said.verdict] as const];
    }),
  );
  const sent = [...found.chains.values()];
  const others = first.serverCertificate.seen === 'present' ? sent.slice(1) : sent;
  const trustOf = (chain: SentChain | undefined): Pick<TlsDetails, 'trust'> =>
    chain === undefined || anchors === undefined
      ? {}
      : { trust: chainTrust(chain.certificates, anchors, certificates) };
  // What the refusal of our empty Certificate looks like stands in `clientAuthentication`: it is no failed handshake.
  const { refusal: _, alerts: __, ...rest } = first;
  return {
    ...rest,
    outcome: found.established ? 'established' : 'incomplete',
    alerts: [],
    alpn: found.alpn,
    accepted: {
      versions,
      cipherSuites: Object.fromEntries(versions.map((version) => [version, found.suites.get(version) ?? []])),
      namedGroups: [...found.groups],
      signatureSchemes: [...found.schemes],
    },
    ...(found.dhBits === undefined || first.dh?.bits === found.dhBits ? {} : { dh: { bits: found.dhBits } }),
    ...(found.suitePreference === undefined ? {} : { suitePreference: found.suitePreference }),
    ...(others.length === sent.length ? {} : trustOf(sent[0])),
    ...(others.length === 0
      ? {}
      : {
          alternativeChains: others.map((one) => {
            const chain = one.certificates.map((der) => certificates.read(der));
            const keyType = chain[0]?.publicKey.type ?? 'unknown';
            return { versions: [...one.versions], keyType, chain, ...trustOf(one) };
          }),
        }),
    ...(found.admission.length === 0 ? {} : { admission: found.admission }),
    ...(found.refusedServerName === undefined ? {} : { refusedServerName: found.refusedServerName }),
    clientAuthentication: {
      verdict: highest?.verdict ?? 'unknown',
      byVersion,
      presented: highest?.presented ?? 'unknown',
      basis: 'probe',
      ...(highest === undefined ? {} : { evidence: highest.evidence }),
      certificateAuthorities: (found.request?.authorities ?? []).map((name) => parseDistinguishedName(name)),
      certificateTypes: found.request?.types ?? [],
      ...(found.request === undefined ? {} : { signatureSchemes: found.request.signatureSchemes }),
    },
  };
}

async function observeClear(
  session: Session,
  probe: Probe | undefined,
  { observation }: Extract<Speech, { kind: 'clear' }>,
): Promise<Observation> {
  const isNamed = session.target.channel !== undefined;
  const called = (seen: Observation, doubt: RpcDoubt): Observation => (isNamed ? seen : withDoubt(seen, doubt));
  if (session.options.associate !== 'wanted' || observation.plaintext?.protocol !== 'flink-rpc')
    return finish(session, probe, called(observation, 'not-associated'), 'complete');
  try {
    const asked = await session.ask(associate.name, associate);
    session.logLines += associate.logLines.clear;
    const origin = 'result' in asked ? originOf(asked.result.bytes) : undefined;
    const seen =
      origin === undefined
        ? called(observation, 'not-answered')
        : called(withOrigin(observation, origin), 'associated');
    return finish(session, probe, seen, 'complete');
  } catch (error) {
    if (!(error instanceof SessionStopped)) throw error;
    return finish(session, probe, called(observation, 'not-answered'), error.reason);
  }
}

function unanswered(
  session: Session,
  probe: Probe | undefined,
  speech: Extract<Speech, { kind: 'no-answer' }>,
  stopped: StopReason | undefined,
): Observation {
  const now = millisecondsText(session.transcripts[0]?.startedAt ?? Date.now());
  const base: Observation = {
    id: '',
    vantage: 'active',
    observedAt: now,
    lastSeenAt: now,
    channel: 'unknown',
    channelBasis: 'port',
    roleBasis: 'syn',
    server: { host: session.target.address, port: session.target.port },
    kind: 'no-answer',
    because: speech.because,
    bytes: { client: 0, server: 0 },
  };
  return finish(session, probe, base, stopped ?? 'complete');
}

/** What every observation of a probe has: whom it asked, how, and with what outcome. */
function finish(
  session: Session,
  probe: Probe | undefined,
  seen: Observation,
  stopped: StopReason | 'complete',
  found?: TlsFindings,
): Observation {
  const { target, transcripts } = session;
  const contradictions = found === undefined ? [] : [...found.contradictions, ...differingChains(found)];
  const reason = stopped !== 'complete' ? stopped : contradictions.length > 0 ? ('contradictory' as const) : undefined;
  const called = callChannel(target, seen, probe);
  const component = target.component ?? probe?.component ?? seen.server.component;
  const { client: _, frames: __, ...rest } = seen;
  const frames = session.attempts.flatMap((attempt) => (attempt.frames === undefined ? [] : [attempt.frames]));
  const asked: Asked = {
    profile: session.profile,
    ...(target.name === target.address ? {} : { name: target.name }),
    connections: session.connections,
    complete: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    logLines: session.logLines,
    ...(found?.clear === undefined ? {} : { clear: found.clear }),
    attempts: session.attempts,
    ...(contradictions.length === 0 ? {} : { contradictions }),
  };
  return {
    ...rest,
    vantage: 'active',
    observedAt: millisecondsText(transcripts[0]?.startedAt ?? Date.now()),
    lastSeenAt: millisecondsText(transcripts.at(-1)?.endedAt ?? Date.now()),
    ...called,
    roleBasis: 'syn',
    server: {
      host: target.address,
      port: target.port,
      ...(component === undefined ? {} : { component }),
      ...(target.member === undefined ? {} : { member: target.member }),
    },
    bytes: { client: bytesOf(transcripts, 0), server: bytesOf(transcripts, 1) },
    ...(frames.length === 0 ? {} : { frames: { first: frames[0]!.first, last: frames.at(-1)!.last } }),
    asked,
  };
}

/** Two chains for keys of one type in one version: more than one server answers behind this address. */
function differingChains(found: TlsFindings): string[] {
  const seen = new Map<string, string>();
  const told: string[] = [];
  for (const { versions, certificates } of found.chains.values()) {
    const { publicKey, sha256 } = readCertificate(certificates[0]!);
    for (const version of versions) {
      const key = `${version} ${publicKey.type}`;
      const other = seen.get(key);
      if (other !== undefined && other !== sha256)
        told.push(`${key}: certificate ${other.slice(0, 16)}, then ${sha256.slice(0, 16)}`);
      else seen.set(key, sha256);
    }
  }
  return told;
}

/** A channel that was named stays; on a port that nobody named, content calls it, and the port where that fits. */
function callChannel(
  target: Target,
  seen: Observation,
  probe: Probe | undefined,
): Pick<Observation, 'channel' | 'channelBasis'> {
  const { channel, channelBasis } = target;
  if (channel !== undefined && channelBasis !== 'port') return { channel, channelBasis };
  const isToldByContent = seen.channel !== 'unknown' && seen.channelBasis === 'protocol';
  const fits = seen.plaintext === undefined || probe?.protocols.some(({ name }) => name === seen.plaintext?.protocol);
  if (channel !== undefined && !isToldByContent && fits) return { channel, channelBasis };
  return { channel: seen.channel, channelBasis: seen.channelBasis };
}

function bytesOf(transcripts: Session['transcripts'], side: 0 | 1): number {
  let sum = 0;
  for (const { events } of transcripts) {
    for (const event of events) if (event.kind === 'bytes' && event.side === side) sum += event.bytes.length;
  }
  return sum;
}

function millisecondsText(at: number): string {
  const { seconds, nanoseconds } = momentOf(at);
  return formatTime(seconds, nanoseconds, 'ns');
}
