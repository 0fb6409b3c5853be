import type { Observation } from '../../src/model/report.ts';
import { front } from '../support/targets/front.ts';
import { survey } from './support.ts';

export interface CutRun {
  /** Octets of the server that passed on each connection of the survey. */
  readonly after: number;
  readonly how: 'fin' | 'rst';
}

/** What is known of the server that is cut off, and how long its first flight is. */
export interface CutServer {
  readonly port: number;
  /** Only ever an accepted version or none may be told. */
  readonly version: string;
  readonly verdict: string;
  /** Octets until a version can be read: record header, handshake header, ServerHello up to its extensions' end. */
  readonly serverHello: number;
}

/** Surveys a server whose connections are cut after so many octets; tells what is wrong with the observation, if anything. */
async function cutSurvey(server: CutServer, cut: CutRun): Promise<string | undefined> {
  const port = await front({ address: '127.0.0.1', port: server.port }, { cut: () => cut });
  try {
    const patience = { connectMs: 1000, answerMs: 500, verdictMs: 300 };
    const seen = await survey({ port: port.port }, { profile: 'quick', channel: 'jobmanager-rpc', patience });
    return faultOf(server, cut, seen, port.connections());
  } catch (error) {
    return `threw ${(error as Error).stack}`;
  } finally {
    await port.close();
  }
}

const TOGETHER = 8;
/** Octets of the server's flight and what follows, both versions. */
const STREAM_MAX = 1800;

/** So many of them, cut where `random` (below 1) says; tells all that was wrong. */
export async function cutSurveys(server: CutServer, runs: number, random: () => number): Promise<string[]> {
  const faults: string[] = [];
  let left = runs;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const after = Math.floor(random() * STREAM_MAX);
      const fault = await cutSurvey(server, { after, how: random() < 0.5 ? 'fin' : 'rst' });
      if (fault !== undefined) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  return faults;
}

function faultOf(server: CutServer, { after, how }: CutRun, seen: Observation, accepted: number): string | undefined {
  const { asked, tls } = seen;
  const told = `${seen.kind} ${seen.because ?? ''} ${tls?.accepted?.versions.join()} ${tls?.clientAuthentication.verdict}`;
  const complain = (fault: string): string => `cut after ${after} by ${how}: ${fault} (${told})`;
  if (asked === undefined) return complain('nothing said of how it was asked');
  if (asked.connections !== accepted) return complain(`${asked.connections} connections told, ${accepted} accepted`);
  if (asked.attempts.length !== asked.connections) return complain('an attempt is lost');
  if (after === 0 && (tls !== undefined || seen.kind !== 'no-answer')) return complain('made of nothing');
  if (after >= server.serverHello && seen.kind !== 'tls') return complain('a ServerHello came and is lost');
  if (tls?.accepted?.versions.some((version) => version !== server.version)) return complain('a version too many');
  const verdict = tls?.clientAuthentication.verdict ?? 'unknown';
  // A FIN or RST in the middle of the judgement reads as a refusal: a server that only asks would look strict.
  if (verdict !== 'unknown' && verdict !== server.verdict) return complain('a wrong verdict');
  return undefined;
}
