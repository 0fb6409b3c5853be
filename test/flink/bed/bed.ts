import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Archives } from './archive.ts';
import { type Audited, askAudit } from './audit-witness.ts';
import { type Case, QUICK_CASES } from './cases.ts';
import { type Cluster, type Setting, settle, start, stop } from './cluster.ts';
import { run, secondsSince } from './command.ts';
import { cacheFolder, type Distribution, distribution } from './distribution.ts';
import { gatewayJar, gatewayRelease } from './gateway.ts';
import { atInterrupt, interrupted } from './interrupt.ts';
import { type KeyStores, keyStores } from './keystores.ts';
import { markLogs } from './log-lines.ts';
import { loopback, type Network, namespaces } from './network.ts';
import { record } from './recorder.ts';
import { rereadDiffers } from './reread.ts';
import { restClient } from './rest.ts';
import { type CaseResult, digestsOf, endpointResults, stateOf, type WitnessState } from './results.ts';
import type { FlinkVersion } from './versions.ts';
import { askHandshake, askWire, type Verified, type Witnessed } from './witnesses.ts';

/** What all cases of a run share. */
export interface Bed {
  readonly site: 'namespaces' | 'loopback';
  readonly verify: 'can-be-asked' | 'cannot';
  /** Whether `verify` is given the members' own certificate for the internal channels. */
  readonly identity: 'shown' | 'none';
  /** Where the clusters' folders are made; each is removed after its case unless it is kept. */
  readonly work: string;
  readonly keep: 'everything' | 'failures' | 'nothing';
  readonly java: string;
  readonly machine: string;
  readonly stores: KeyStores;
  /** Made by `archives`, where the version has them. */
  readonly archives?: Archives;
  /** Rights to record the wire. */
  readonly recording: 'possible' | 'impossible';
}

const JOB_SOURCE = fileURLToPath(new URL('../../../../test/flink/job/ProbeJob.java', import.meta.url));

/** The tree's folder `test/flink`, wherever the build went. */
export function sourceFolder(): string {
  return join(process.cwd(), 'test', 'flink');
}

export async function makeBed(options: Pick<Bed, 'site' | 'verify' | 'identity' | 'keep' | 'recording'>): Promise<Bed> {
  mkdirSync(cacheFolder(), { recursive: true });
  const java = (await run('java', ['-version'])).stderr.split('\n')[1]?.trim() ?? 'unknown';
  const stores = await keyStores(join(cacheFolder(), 'keystores'));
  return { ...options, java, machine: machine(), stores, work: mkdtempSync(join(tmpdir(), 'flinkprobe-bed-')) };
}

/** What a time is worth. */
function machine(): string {
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} cores, ${memory} GiB, ${type()} ${release().split('-')[0]}, Node.js ${process.versions.node}`;
}

export async function prepare(version: FlinkVersion): Promise<Distribution> {
  const source = existsSync(JOB_SOURCE) ? JOB_SOURCE : join(sourceFolder(), 'job', 'ProbeJob.java');
  return distribution(version, source);
}

/** A cluster with its hosts and its prober, ended and cleaned up whatever happens in between. */
export async function withCluster<T>(
  bed: Bed,
  flink: Distribution,
  theCase: Case,
  body: (cluster: Cluster, setting: Setting) => Promise<T>,
  begin: (setting: Setting) => Promise<Cluster> = async (setting) => start(setting),
): Promise<T> {
  const truth = theCase.truth(flink.version);
  const folder = mkdtempSync(join(bed.work, `${flink.version.version}-${theCase.name}-`));
  const network: Network = bed.site === 'loopback' ? loopback() : await namespaces(networkPrefix());
  const rest = restClient(network);
  const jar = theCase.extras?.includes('sql-gateway') ? await gatewayJar(flink) : undefined;
  const setting: Setting = {
    ...{ theCase, truth, distribution: flink, stores: bed.stores, network, rest, folder },
    ...(jar ? { gatewayJar: jar } : {}),
    ...(bed.archives ? { archives: bed.archives } : {}),
  };
  let cluster: Cluster | undefined;
  let whole = false;
  const forget = atInterrupt(async () => {
    rest.close();
    if (cluster) await stop(cluster);
    if (bed.keep !== 'everything') rmSync(folder, { recursive: true, force: true });
  });
  try {
    cluster = await begin(setting);
    const value = await body(cluster, setting);
    whole = true;
    return value;
  } finally {
    await interrupted();
    forget();
    rest.close();
    if (cluster) await stop(cluster);
    await network.remove();
    if (bed.keep === 'nothing' || (bed.keep === 'failures' && whole)) rmSync(folder, { recursive: true, force: true });
  }
}

let clusters = 0;
const networkPrefix = (): string => `fpb${process.pid}x${clusters++}`;

/** Cases of which the capture of `verify --pcap-out` is analysed again: one of each kind is enough. */
const REREAD: readonly string[] = [...QUICK_CASES, 'rest-tls', 'internal-tls13'];

/** One case on one version, start to end. */
export async function runCase(bed: Bed, flink: Distribution, theCase: Case): Promise<CaseResult> {
  const truth = theCase.truth(flink.version);
  const seconds: Record<string, number> = {};
  const began = performance.now();
  const common = {
    version: flink.version.version,
    case: theCase.name,
    ...digestsOf(flink.version, theCase),
    at: new Date().toISOString(),
    site: bed.site,
    java: bed.java,
    machine: bed.machine,
  };
  const unavailable = theCase.not?.[bed.site];
  const nothing = { endpoints: [], strays: [], wire: 'not available', verify: 'not available' } as const;
  if (unavailable) return { ...common, seconds, unavailable, ...nothing };
  const timed = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const from = performance.now();
    const value = await work;
    seconds[name] = secondsSince(from);
    return value;
  };
  try {
    const result = await withRecording(bed, flink, theCase, async (cluster, endRecording) => {
      await timed('settle', settle(cluster));
      const recording = await timed('recording', endRecording());
      const marks = markLogs(cluster);
      const [wire, verify, audit] = await timed(
        'witnesses',
        Promise.all([
          recording ? askWire(cluster, recording) : undefined,
          bed.verify === 'can-be-asked' ? askHandshake(cluster, marks, { identity: bed.identity }) : undefined,
          askAudit(cluster, marks),
        ]),
      );
      const reread = verify && REREAD.includes(theCase.name) ? await rereadDiffers(cluster, verify) : undefined;
      const { gatewayJar: jar } = cluster.setting;
      return { wire, verify, audit, reread, gateway: jar ? gatewayRelease(jar) : undefined };
    });
    seconds.all = secondsSince(began);
    const gateway = result.gateway ? { gateway: result.gateway } : {};
    return {
      ...common,
      ...gateway,
      seconds,
      identity: bed.identity,
      ...outcome(truth, result, bed),
    };
  } catch (error) {
    seconds.all = secondsSince(began);
    return { ...common, seconds, broken: (error as Error).message, ...nothing };
  }
}

interface Heard {
  readonly wire: Witnessed | undefined;
  readonly verify: Verified | undefined;
  readonly audit: Audited;
  readonly reread: readonly string[] | undefined;
}

type Outcome =
  | 'endpoints'
  | 'strays'
  | 'wire'
  | 'verify'
  | 'audit'
  | 'told'
  | 'misjudged'
  | 'reread'
  | 'logs'
  | 'quiet'
  | 'noise';

function outcome(
  truth: ReturnType<Case['truth']>,
  { wire, verify, audit, reread }: Heard,
  bed: Bed,
): Pick<CaseResult, Outcome> {
  const strays = (wire?.judgements ?? []).filter((one) => one.channel === 'unknown').flatMap((one) => one.differences);
  const onWire: WitnessState = bed.recording === 'possible' ? stateOf(wire?.judgements, 'allowed') : 'not available';
  return {
    endpoints: endpointResults(
      truth,
      { wire: wire?.judgements, verify: verify?.judgements, audit: audit.judgements },
      verify?.noise,
    ),
    strays,
    wire: onWire,
    verify: stateOf(verify?.judgements, 'not-allowed'),
    audit: audit.differences.length > 0 ? 'differs' : stateOf(audit.judgements, 'not-allowed'),
    told: audit.told,
    misjudged: audit.differences,
    ...(reread ? { reread } : {}),
    ...(verify ? { logs: verify.logs } : {}),
    ...(verify?.noise
      ? { quiet: verify.noise.differences.length > 0 ? 'differs' : 'equal', noise: verify.noise.differences }
      : {}),
  };
}

/** As `withCluster`, with the wire recorded from before the first process on. */
async function withRecording<T>(
  bed: Bed,
  flink: Distribution,
  theCase: Case,
  body: (cluster: Cluster, endRecording: () => Promise<string | undefined>) => Promise<T>,
): Promise<T> {
  let end = async (): Promise<string | undefined> => undefined;
  const forget = atInterrupt(async () => void (await end()));
  const begin = async (setting: Setting): Promise<Cluster> => {
    if (bed.recording === 'impossible') return start(setting);
    const file = join(setting.folder, 'wire.pcap');
    const recorder = await record(setting.network, file, join(setting.folder, 'tcpdump.txt'));
    let ended: Promise<void> | undefined;
    end = async () => {
      ended ??= recorder.stop();
      await ended;
      return file;
    };
    return start(setting);
  };
  try {
    return await withCluster(bed, flink, theCase, (cluster) => body(cluster, end), begin);
  } finally {
    await end();
    forget();
  }
}
