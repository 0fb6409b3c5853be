import { processName } from '../../evaluate/process-name.ts';
import type { Certificate, Endpoint, Observation, Report, Seen } from '../../model/report.ts';
import { isUnlisted, UNLISTED_MS } from '../sights.ts';
import { FORGOTTEN_AFTER_MS } from '../transitions.ts';
import type { CertificateRecord, Run, StoresRead } from '../types.ts';

export type CertificateSighting = Pick<
  CertificateRecord,
  'certificate' | 'role' | 'source' | 'channel' | 'member' | 'path' | 'endpoint'
> & {
  /** Channel, process and whose certificate: what looks there again tells whether it is gone. */
  readonly place: string;
};

export interface CertificateSightings {
  readonly seen: readonly CertificateSighting[];
  /** Places that were looked at, whatever was found there. */
  readonly looked: { has(place: string): boolean };
  /** Whether the process of a certificate that was not seen now is no more. `unseenMs`: how long nobody saw it. */
  readonly hasLeft: (owner: Pick<CertificateRecord, 'endpoint'>, unseenMs: number) => boolean;
}

/** Certificates that a run showed: those that were served or shown, and those of the key stores that it read. */
export function certificatesOf({ report, stores }: Pick<Run, 'report' | 'stores'>): CertificateSightings {
  const shown = shownCertificates(report);
  const hasLeft: CertificateSightings['hasLeft'] = (owner, unseenMs) => isGone(report, owner.endpoint, unseenMs);
  if (stores === undefined) return { ...shown, hasLeft };
  const onDisk = storedCertificates(stores);
  return {
    seen: [...shown.seen, ...onDisk.seen],
    looked: { has: (place) => shown.looked.has(place) || onDisk.looked.has(place) },
    hasLeft,
  };
}

type Sightings = Omit<CertificateSightings, 'hasLeft'>;

/**
 * A TaskManager that REST lists no more goes once it had its time to register again, anything else that no run has seen
 * or heard of as late as findings of it go: pods come back under new names, and nobody looks at the old one again.
 */
function isGone(report: Report, endpoint: Endpoint | undefined, unseenMs: number): boolean {
  if (!report.complete || endpoint === undefined || unseenMs < UNLISTED_MS) return false;
  if (isUnlisted(report, endpoint)) return true;
  return unseenMs > FORGOTTEN_AFTER_MS && !report.observations.some((one) => isOf(one, endpoint));
}

function isOf({ server, client }: Observation, { member, host }: Endpoint): boolean {
  return [server, client].some((one) => one?.host === host || (member !== undefined && one?.member === member));
}

const DISK = 'disk ';

/**
 * Certificates of key stores, by file and endpoint. A file that nothing names any more is looked at: it holds nothing of
 * the cluster. One that could not be read is not, nor is one whose process was not seen.
 */
function storedCertificates({ sightings, paths }: StoresRead): Sightings {
  const seen = new Map<string, CertificateSighting>();
  const looked = new Set<string>();
  for (const { path, channel, member, endpoint, certificates } of sightings) {
    const place = `${DISK}${JSON.stringify([path, channel, member ?? endpoint?.host ?? ''])}`;
    looked.add(place);
    for (const { role, certificate } of certificates) {
      seen.set(`${place} ${role} ${certificate.sha256}`, {
        ...{ place, certificate, role, source: 'disk', channel, path },
        ...(member === undefined ? {} : { member }),
        ...(endpoint === undefined ? {} : { endpoint }),
      });
    }
  }
  const named = new Set(paths);
  const isForsaken = (place: string): boolean =>
    place.startsWith(DISK) && !named.has((JSON.parse(place.slice(DISK.length)) as string[])[0] ?? '');
  return { seen: [...seen.values()], looked: { has: (place) => looked.has(place) || isForsaken(place) } };
}

/** Certificates that a report holds, each once a place. A chain that was hidden or not reached was not looked at. */
function shownCertificates(report: Report): Sightings {
  const seen = new Map<string, CertificateSighting>();
  const looked = new Set<string>();
  for (const observation of report.observations) {
    for (const side of ['server', 'client'] as const) {
      const { at, chains } = shown(observation, side);
      if (at === undefined) continue;
      const place = `${observation.channel} ${processName(at)} ${side}`;
      if (report.complete && isWhole(observation, chains)) looked.add(place);
      for (const chain of chains) {
        for (const [index, certificate] of chain.entries()) {
          const role = index > 0 ? 'ca' : side === 'server' ? 'leaf' : 'client';
          const key = `${place} ${role} ${certificate.sha256}`;
          if (seen.has(key)) continue;
          seen.set(key, {
            place,
            certificate,
            role,
            source: 'served',
            channel: observation.channel,
            endpoint: at,
            ...(at.member === undefined ? {} : { member: at.member }),
          });
        }
      }
    }
  }
  return { seen: [...seen.values()], looked };
}

interface Shown {
  /** Absent: this side has no name and no place that lasts. */
  readonly at?: Endpoint;
  readonly chains: readonly (readonly Certificate[])[];
}

/** Ports of clients are others with every connection: only a client that is known by name has a place. */
function shown({ server, client, tls }: Observation, side: 'server' | 'client'): Shown {
  if (side === 'server') {
    const others = (tls?.alternativeChains ?? []).map(({ chain }) => chain);
    return { at: server, chains: [...chainOf(tls?.serverCertificate), ...others] };
  }
  if (client?.member === undefined && client?.host === undefined) return { chains: [] };
  const { port: _, ...rest } = client;
  return { at: { ...rest, port: 0 }, chains: chainOf(tls?.clientCertificate) };
}

function chainOf(seen: Seen<{ readonly chain: readonly Certificate[] }> | undefined): (readonly Certificate[])[] {
  return seen?.seen === 'present' ? [seen.chain] : [];
}

/** Clear text shows that there is none. */
function isWhole({ kind, asked }: Observation, chains: Shown['chains']): boolean {
  if (asked?.complete === false) return false;
  return kind === 'plaintext' || (kind === 'tls' && chains.length > 0);
}
