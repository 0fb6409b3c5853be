import { setImmediate as turn } from 'node:timers/promises';
import type { Control } from '../daemon/control.ts';
import type { LiveEvent } from '../daemon/live-events.ts';
import type { DaemonStatus, Run, RunSummary, WireStatus } from '../daemon/types.ts';
import type { Channel } from '../model/channel.ts';
import { type Report, SEVERITIES } from '../model/report.ts';
import { type Claim, clusterSeries, endpointClaims } from './cluster-series.ts';
import { FAMILIES, type FamilyName, RUN_FAMILY_NAMES, type RunFamilyName } from './families.ts';
import type { LiveReaders } from './live.ts';
import { exposition, type Family, type Format, type Labels, MetricSet } from './prometheus.ts';

/** Happenings of a cluster that are looked through for its last restart, at the start. */
const RESTARTS_BACK = 500;
/** Runs of a cluster that are looked through for the last one that asked, at the start: the wire may make one each second. */
const RUNS_BACK = 1000;

/** Who told of a cluster: runs that ask, or the live wire. Neither sees all that the other does. */
type Origin = 'asked' | 'wire';

export interface MetricsMeans {
  readonly control: Control;
  readonly readers: Pick<LiveReaders, 'count' | 'dropped'>;
  readonly revision: string;
}

/**
 * What `/metrics` tells. What only a run changes is worked out once when it ends, one cluster a turn of the event loop;
 * a scrape adds what is true at its moment. Counters begin with the process.
 */
export class DaemonMetrics {
  readonly #means: MetricsMeans;
  readonly #set = new MetricSet<FamilyName>(FAMILIES);
  /** Of each cluster, what its last run changed, as text: tens of thousands of lines are not written at every scrape. */
  readonly #known = new Map<string, ReadonlyMap<FamilyName, string>>();
  /** Of each cluster, what the last run of each origin told of its endpoints. */
  readonly #claims = new Map<string, Map<Origin, readonly Claim[]>>();
  /** The last run that asked. */
  readonly #asking = new Map<string, RunSummary>();
  readonly #restarts = new Map<string, number>();
  /** Clusters whose last restart was asked of the history. */
  readonly #remembered = new Set<string>();
  readonly #waivers = new Set<string>();
  readonly #told = new Set<string>();
  /** Counters of a cluster, so that they go with it. */
  readonly #counted = new Map<string, Map<string, { readonly name: FamilyName; readonly labels: Labels }>>();
  readonly #unsubscribe: () => void;
  readonly #queue: { readonly cluster: string; readonly run: string }[] = [];
  #working: Promise<void> | undefined;
  #dropped = 0;
  #cpuSeconds = 0;
  #lastReloadOk: string | undefined;

  constructor(means: MetricsMeans) {
    this.#means = means;
    this.#unsubscribe = means.control.live.subscribe((event) => this.#heard(event));
  }

  close(): void {
    this.#unsubscribe();
    this.#queue.length = 0;
  }

  /** Seconds from our ClientHello to the end of the handshake. */
  handshake(cluster: string, channel: Channel, seconds: number): void {
    const labels = { flink_cluster: cluster, channel };
    const name = 'flinkprobe_handshake_duration_seconds';
    this.#set.observe(name, labels, seconds);
    this.#keep(cluster, name, labels);
  }

  /** Never rejects for a store that fails: `flinkprobe_store_up` says so, and the other metrics are there. */
  async text(format: Format): Promise<string> {
    await this.#work();
    const status = this.#means.control.status();
    this.#forgetOthers(status);
    this.#daemon(status);
    for (const cluster of status.clusters) await this.#cluster(cluster);
    this.#waiverEnds();
    this.#process();
    const parts: string[] = [];
    for (const name of Object.keys(FAMILIES) as FamilyName[]) {
      const part = isRunFamily(name) ? this.#runPart(name) : await this.#set.part(name);
      if (part !== undefined) parts.push(part);
    }
    return exposition(parts, format);
  }

  #runPart(name: FamilyName): string | undefined {
    const lines = [...this.#known.values()].map((texts) => texts.get(name)).filter((one) => one !== undefined);
    if (lines.length === 0) return undefined;
    const { help, kind } = FAMILIES[name];
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines].join('\n');
  }

  #heard({ event, data, at }: LiveEvent): void {
    if (event === 'run-finished') {
      const summary = data as RunSummary;
      const { cluster, id } = summary;
      if (summary.trigger !== 'live') this.#asking.set(cluster, summary);
      this.#queue.push({ cluster, run: id });
      void this.#work();
    } else if (event === 'happening') {
      const { cluster, kind } = data as { cluster: string | null; kind: string };
      if (cluster !== null && kind === 'restart') this.#restarts.set(cluster, Date.parse(at));
    }
  }

  /** One run a turn of the event loop; resolves when none is left. */
  #work(): Promise<void> {
    this.#working ??= (async () => {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await turn();
        const { cluster, run } = next;
        const made = this.#asked(() => this.#means.control.store.run(run));
        if (made === undefined) continue;
        this.#count(cluster, made.report);
        this.#tell(made);
        await this.#replace(cluster);
      }
    })().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  /** A cluster that no run of this process has told of yet: its last ones in the history. */
  async #load(cluster: string): Promise<void> {
    await turn();
    const { store } = this.#means.control;
    const runs = this.#asked(() => store.runs(cluster, { limit: RUNS_BACK })) ?? [];
    const asking = runs.find(({ trigger }) => trigger !== 'live');
    const live = runs.find(({ trigger }) => trigger === 'live');
    for (const one of [asking, live]) {
      const run = one === undefined ? undefined : this.#asked(() => store.run(one.id));
      if (run !== undefined && !this.#claims.get(cluster)?.has(originOf(run))) this.#tell(run);
    }
    if (asking !== undefined && !this.#asking.has(cluster)) this.#asking.set(cluster, asking);
    if (this.#claims.has(cluster) && !this.#known.has(cluster)) await this.#replace(cluster);
  }

  #tell(run: Run): void {
    const told = this.#claims.get(run.cluster) ?? new Map<Origin, readonly Claim[]>();
    this.#claims.set(run.cluster, told);
    told.set(originOf(run), endpointClaims(run.cluster, run.report));
  }

  /** What the wire showed speaks for as long as it is watched. */
  async #dropWire(cluster: string): Promise<void> {
    const told = this.#claims.get(cluster);
    if (told?.has('asked') && told.delete('wire')) await this.#replace(cluster);
  }

  /** The last restart of the history, of a cluster that was not yet seen to be restarted by this process. */
  #loadRestart(cluster: string): void {
    const happenings = this.#asked(() => this.#means.control.store.happenings(cluster, { limit: RESTARTS_BACK }));
    if (happenings === undefined) return;
    this.#remembered.add(cluster);
    const restart = happenings.find(({ kind }) => kind === 'restart');
    if (restart !== undefined && !this.#restarts.has(cluster)) this.#restarts.set(cluster, Date.parse(restart.at));
  }

  async #replace(cluster: string): Promise<void> {
    const { control } = this.#means;
    const facts = this.#asked(() => ({
      cluster,
      claims: [...(this.#claims.get(cluster)?.values() ?? [])].flat(),
      cells: control.cells(cluster),
      findings: control.store.findings({ cluster, state: 'all' }),
      certificates: control.store.certificates(cluster),
    }));
    if (facts === undefined) return;
    const set = new MetricSet<RunFamilyName>(RUN_FAMILIES);
    for (const { name, labels, value } of clusterSeries(facts)) set.set(name, labels, value);
    const texts = new Map<FamilyName, string>();
    for (const name of RUN_FAMILY_NAMES) {
      const part = await set.part(name);
      // Its head stands once before all clusters.
      if (part !== undefined) texts.set(name, part.split('\n').slice(HEAD_LINES).join('\n'));
    }
    this.#known.set(cluster, texts);
  }

  #count(cluster: string, report: Report): void {
    for (const { vantage, channel, kind, because } of report.observations) {
      if (vantage !== 'active') continue;
      this.#add(cluster, 'flinkprobe_probes_total', { flink_cluster: cluster, channel });
      if (kind !== 'no-answer') continue;
      const reason = because ?? 'unknown';
      this.#add(cluster, 'flinkprobe_probe_failures_total', { flink_cluster: cluster, channel, reason });
    }
  }

  #add(cluster: string, name: FamilyName, labels: Labels): void {
    this.#set.add(name, labels);
    this.#keep(cluster, name, labels);
  }

  #keep(cluster: string, name: FamilyName, labels: Labels): void {
    const counted = this.#counted.get(cluster) ?? new Map<string, { name: FamilyName; labels: Labels }>();
    counted.set(`${name}${JSON.stringify(labels)}`, { name, labels });
    this.#counted.set(cluster, counted);
  }

  async #cluster({
    cluster,
    lastRun,
    lateMs,
    missedRuns,
    open,
    problem,
    wire,
  }: DaemonStatus['clusters'][number]): Promise<void> {
    this.#told.add(cluster);
    if (!this.#known.has(cluster)) await this.#load(cluster);
    if (wire === undefined) await this.#dropWire(cluster);
    if (!this.#remembered.has(cluster)) this.#loadRestart(cluster);
    const labels = { flink_cluster: cluster };
    for (const severity of SEVERITIES) this.#set.set('flinkprobe_findings', { ...labels, severity }, open[severity]);
    this.#set.set('flinkprobe_run_late_seconds', labels, lateMs / 1000);
    this.#set.setTotal('flinkprobe_missed_runs_total', labels, missedRuns);
    this.#set.set('flinkprobe_run_failed', labels, problem === undefined ? 0 : 1);
    if (lastRun !== undefined) {
      const [start, end] = [Date.parse(lastRun.startedAt), Date.parse(lastRun.finishedAt)];
      this.#set.set('flinkprobe_last_run_timestamp_seconds', labels, end / 1000);
      this.#set.set('flinkprobe_run_duration_seconds', labels, Math.max(0, end - start) / 1000);
      this.#set.set('flinkprobe_run_complete', labels, (this.#asking.get(cluster) ?? lastRun).complete ? 1 : 0);
    }
    const restart = this.#restarts.get(cluster);
    if (restart !== undefined) {
      this.#set.set('flinkprobe_last_restart_seen_timestamp_seconds', labels, restart / 1000);
    }
    if (wire !== undefined) this.#wire(wire);
    else this.#set.remove('flinkprobe_capture_up', labels);
  }

  #wire({ cluster, state, packets, drops, clearBytes, tlsBytes }: WireStatus): void {
    const labels = { flink_cluster: cluster };
    this.#set.set('flinkprobe_capture_up', labels, state === 'running' ? 1 : 0);
    this.#set.setTotal('flinkprobe_capture_packets_total', labels, packets);
    this.#set.setTotal('flinkprobe_capture_drops_total', labels, drops);
    this.#set.setTotal('flinkprobe_clear_bytes_total', labels, clearBytes);
    this.#set.setTotal('flinkprobe_tls_bytes_total', labels, tlsBytes);
  }

  #daemon({ version, startedAt, lastReload, store, outbox, notifications, eventLoopLagMs }: DaemonStatus): void {
    const { control, readers, revision } = this.#means;
    if (lastReload.ok) this.#lastReloadOk = lastReload.at;
    this.#set.set('flinkprobe_config_last_reload_successful', {}, lastReload.ok ? 1 : 0);
    const loaded = Date.parse(this.#lastReloadOk ?? startedAt) / 1000;
    this.#set.set('flinkprobe_config_last_reload_success_timestamp_seconds', {}, loaded);
    this.#set.set('flinkprobe_ready', {}, control.readiness().ready ? 1 : 0);
    this.#set.set('flinkprobe_store_up', {}, store.state === 'open' ? 1 : 0);
    this.#set.set('flinkprobe_store_bytes', {}, store.bytes);
    this.#set.set('flinkprobe_outbox_messages', {}, outbox);
    this.#set.setTotal('flinkprobe_notifications_superseded_total', {}, notifications?.superseded ?? 0);
    this.#set.set('flinkprobe_notifications_held', {}, notifications?.held ?? 0);
    this.#set.set('flinkprobe_event_loop_lag_seconds', { percentile: '50' }, eventLoopLagMs.p50 / 1000);
    this.#set.set('flinkprobe_event_loop_lag_seconds', { percentile: '99' }, eventLoopLagMs.p99 / 1000);
    this.#set.set('flinkprobe_live_readers', {}, readers.count);
    this.#set.add('flinkprobe_live_readers_dropped_total', {}, readers.dropped - this.#dropped);
    this.#dropped = readers.dropped;
    this.#set.set('flinkprobe_build_info', { version, revision, node_version: process.version }, 1);
  }

  /** A waiver holds until the end of its last day, UTC. */
  #waiverEnds(): void {
    const now = this.#means.control.waivers();
    for (const waiver of this.#waivers) {
      if (!now.some(({ id }) => id === waiver))
        this.#set.remove('flinkprobe_waiver_expiry_timestamp_seconds', { waiver });
    }
    this.#waivers.clear();
    for (const { id: waiver, until } of now) {
      const end = Date.parse(`${until}T00:00:00Z`) / 1000 + DAY_SECONDS;
      if (Number.isNaN(end)) continue;
      this.#waivers.add(waiver);
      this.#set.set('flinkprobe_waiver_expiry_timestamp_seconds', { waiver }, end);
    }
  }

  #process(): void {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    this.#set.add('process_cpu_seconds_total', {}, Math.max(0, seconds - this.#cpuSeconds));
    this.#cpuSeconds = seconds;
    this.#set.set('process_resident_memory_bytes', {}, process.memoryUsage.rss());
    this.#set.set('process_start_time_seconds', {}, STARTED_AT);
  }

  #forgetOthers({ clusters }: DaemonStatus): void {
    const there = new Set(clusters.map(({ cluster }) => cluster));
    for (const cluster of [...this.#told, ...this.#known.keys()]) {
      if (there.has(cluster)) continue;
      this.#told.delete(cluster);
      this.#remembered.delete(cluster);
      this.#restarts.delete(cluster);
      this.#known.delete(cluster);
      this.#claims.delete(cluster);
      this.#asking.delete(cluster);
      for (const { name, labels } of this.#counted.get(cluster)?.values() ?? []) this.#set.remove(name, labels);
      this.#counted.delete(cluster);
      const labels = { flink_cluster: cluster };
      for (const name of PER_CLUSTER) this.#set.remove(name, labels);
      for (const severity of SEVERITIES) this.#set.remove('flinkprobe_findings', { ...labels, severity });
    }
  }

  #asked<T>(ask: () => T): T | undefined {
    try {
      return ask();
    } catch {
      // The daemon's own status says what is wrong with the store.
      return undefined;
    }
  }
}

function originOf({ trigger }: Run): Origin {
  return trigger === 'live' ? 'wire' : 'asked';
}

const DAY_SECONDS = 86_400;
const STARTED_AT = Math.round(Date.now() / 1000 - process.uptime());
/** Families with the cluster as their only label. */
const PER_CLUSTER: readonly FamilyName[] = (Object.keys(FAMILIES) as FamilyName[]).filter(
  (name) => FAMILIES[name].labels.join() === 'flink_cluster' && !isRunFamily(name),
);

/** `# HELP`, `# TYPE`. */
const HEAD_LINES = 2;
const RUN_FAMILIES = Object.fromEntries(RUN_FAMILY_NAMES.map((name) => [name, FAMILIES[name]])) as Record<
  RunFamilyName,
  Family
>;

function isRunFamily(name: FamilyName): name is RunFamilyName {
  return (RUN_FAMILY_NAMES as readonly FamilyName[]).includes(name);
}
