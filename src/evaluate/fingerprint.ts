import { createHash } from 'node:crypto';
import type { Channel } from '../model/channel.ts';
import type { Encapsulation, Endpoint } from '../model/report.ts';
import { processName } from './process-name.ts';

/** Hex digits kept: 128 bits, so that a million findings do not collide by chance. */
const FINGERPRINT_DIGITS = 32;

/** What a finding is about, without anything that changes from run to run. */
export interface Identity {
  readonly ruleId: string;
  readonly channel: Channel;
  readonly endpoint?: Endpoint;
  /** Only where configuration or Flink's defaults fix it: a random port is another one after every restart. */
  readonly fixedPort?: number;
  readonly encapsulation?: Encapsulation;
  readonly discriminator?: string;
  /** Of what stands in a file: the member, else the file's path; never the line, which moves. */
  readonly place?: string;
  /** Tells endpoints apart that nothing else can (two unnamed processes of one host on random ports). */
  readonly ordinal?: number;
}

/** SHA-256 of the identity, lower-case hex, cut to 32 digits. Stable across runs and releases. */
export function fingerprint(identity: Identity): string {
  const { endpoint, encapsulation } = identity;
  const parts = [
    'flinkprobe-finding-1',
    identity.ruleId,
    identity.channel,
    endpoint === undefined ? null : processName(endpoint),
    identity.fixedPort ?? null,
    encapsulation === undefined ? [] : encapsulation.vlans,
    encapsulation?.vni ?? null,
    identity.discriminator ?? null,
    identity.ordinal ?? 0,
    // Behind the others and only where there is one, so that fingerprints of endpoints stay what they were.
    ...(identity.place === undefined ? [] : [identity.place]),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, FINGERPRINT_DIGITS);
}
