import { join } from 'node:path';
import type { Observation } from '../../../src/model/report.ts';
import { type Cluster, writeNames } from './cluster.ts';
import type { ClusterMember } from './members.ts';
import { configurations, failure, flinkprobe, memberOf, type Verified } from './witnesses.ts';

/**
 * What `analyze` says of the capture that `verify --pcap-out` wrote, against what `verify` said itself: versions, suites
 * and certificates of every port, or clear text. One sentence a difference.
 */
export async function rereadDiffers(
  cluster: Cluster,
  { report }: Pick<Verified, 'report'>,
): Promise<readonly string[]> {
  const { folder } = cluster.setting;
  const args = ['analyze', join(folder, 'verify.pcapng'), '--names', writeNames(cluster.setting)];
  const answer = await flinkprobe([], [...args, ...configurations(cluster)], join(folder, 'reread.json'));
  if (!answer.report) throw failure('analyze of --pcap-out', answer);
  const find = memberOf(cluster);
  return compareReread(report.observations, answer.report.observations, (host) => find(host) as ClusterMember);
}

export function compareReread(
  asked: readonly Observation[],
  reread: readonly Observation[],
  memberOf: (host: string) => string | undefined,
): readonly string[] {
  const placeOf = ({ server }: Observation): string => `${memberOf(server.host) ?? server.host}:${server.port}`;
  const active = asked.filter(({ vantage, kind }) => vantage === 'active' && (kind === 'tls' || kind === 'plaintext'));
  return active.flatMap((one) => {
    const place = placeOf(one);
    const own = reread.filter((other) => other.vantage === 'passive' && placeOf(other) === place);
    const [told, read] = [saidOf([one]), shownOf(own)];
    return told === read ? [] : [`--pcap-out of ${one.channel} ${place}: verify says ${told}, analyze ${read}`];
  });
}

/** What a probe found out, as a text that can be compared; its capture has the secrets to read TLS 1.3. */
function saidOf([one]: readonly [Observation]): string {
  if (one.kind === 'plaintext') return 'clear';
  const { accepted, serverCertificate } = one.tls!;
  const suites = Object.entries(accepted?.cipherSuites ?? {}).flatMap(([version, names]) =>
    names.map((name) => `${version} ${name}`),
  );
  return text(suites, serverCertificate.seen === 'present' ? [serverCertificate.chain[0]?.sha256] : []);
}

/** What its connections show, put together. */
function shownOf(own: readonly Observation[]): string {
  const answered = own.filter(({ tls }) => tls?.version !== undefined && tls.cipherSuite !== undefined);
  if (answered.length === 0) return own.some(({ kind }) => kind === 'plaintext') ? 'clear' : 'nothing';
  const suites = answered.map(({ tls }) => `${tls!.version} ${tls!.cipherSuite}`);
  const leaves = answered.flatMap(({ tls }) =>
    tls!.serverCertificate.seen === 'present' ? [tls!.serverCertificate.chain[0]?.sha256] : [],
  );
  return text(suites, leaves);
}

const text = (suites: readonly string[], leaves: readonly (string | undefined)[]): string =>
  [...new Set(suites)].sort().join(', ') + [...new Set(leaves)].map((leaf) => `, ${leaf?.slice(0, 12)}`).join('');
