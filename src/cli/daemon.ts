import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { RunAnswer } from '../daemon/control.ts';
import type { LoadedSettings } from '../daemon/daemon.ts';
import type { Log } from '../daemon/log.ts';
import type { Store } from '../daemon/types.ts';
import type { WebServer } from '../http/server.ts';
import type { Profile } from '../observe/active/types.ts';
import { ExitCode } from './exit-code.ts';
import { reason, Unusable } from './failure.ts';
import { collectEarly, keepHeapCompact, keepYoungGeneration } from './heap.ts';
import { pageFiles } from './page-files.ts';
import type { Select } from './selection.ts';
import { SETTING_KEYS } from './setting-keys.ts';

interface DaemonArguments {
  readonly config?: string | undefined;
  readonly listen?: string | undefined;
}

const options = {
  config: {
    type: 'string',
    requiresArg: true,
    describe:
      'settings, as flinkprobe.yaml; left out: the embedded default (a recorded cluster, and Flink on this machine)',
  },
  listen: { type: 'string', requiresArg: true, describe: 'short for --web.listen: HOST:PORT' },
} as const;

/** Of the settings' own keys. */
const settingOptions = Object.fromEntries(
  SETTING_KEYS.map(({ key }) => [
    key,
    {
      type: 'string',
      requiresArg: true,
      group: 'Settings, instead of what the file says (or FLINKPROBE_WEB_LISTEN and so on):',
    } as const,
  ]),
);

export const daemonCommand = (select: Select): CommandModule<object, DaemonArguments> => ({
  command: 'daemon',
  describe: 'Verify clusters by a schedule and after restarts, keep the history, serve page, API and metrics',
  builder: (command: Argv<object>) =>
    command
      .options(options)
      .options(settingOptions)
      .example(
        '$0 daemon --config /etc/flinkprobe/flinkprobe.yaml',
        'watch the clusters of this file',
      ) as unknown as Argv<DaemonArguments>,
  handler: (args) => select(() => runDaemon(args)),
});

/** After this long a daemon that was told to end ends, whatever still goes on. */
const STOP_WITHIN_MS = 9_000;

async function runDaemon(args: ArgumentsCamelCase<DaemonArguments>): Promise<void> {
  // What a run holds lives for seconds and is garbage then: by V8's own rules three times what is live.
  collectEarly();
  keepHeapCompact();
  keepYoungGeneration();
  // Loaded only here: other commands need no store and no server.
  const [
    { Daemon },
    { createLog },
    { LagMeter },
    { configuredTargets, createServer, untouchedTargets, webProblem },
    { createDashboard },
    { withNotifications },
    parts,
    running,
  ] = await Promise.all([
    import('../daemon/daemon.ts'),
    import('../daemon/log.ts'),
    import('../daemon/lag.ts'),
    import('../http/server.ts'),
    import('../http/dashboard.ts'),
    import('./daemon-notify.ts'),
    import('./daemon-parts.ts'),
    import('./daemon-run.ts'),
  ]);
  const read = parts.loader(args);
  // What cannot be listened with is refused like any other fault of the settings: whole or not at all.
  const load = async (): Promise<LoadedSettings> => {
    const loaded = await read();
    const problem = webProblem(loaded.settings.web);
    if (problem !== undefined) throw new Unusable(problem);
    return loaded;
  };
  let current = await load();
  const write = (line: string): void => void process.stderr.write(line);
  // Whoever reads the log may go away: the daemon stays.
  process.stderr.on('error', () => undefined);
  let logger = createLog(current.settings.log, write);
  const log: Log = (...line) => logger(...line);
  const store = await opened(current.settings.state.path);
  const lag = new LagMeter();
  let server: WebServer | undefined;
  const means = withNotifications(
    parts.daemonMeans({
      load,
      store,
      log,
      lag,
      applied: (loaded) => {
        current = loaded;
        logger = createLog(loaded.settings.log, write);
      },
      accept: async ({ settings }) => server?.apply(settings.web),
      handshake: (...one) => server?.handshake(...one),
    }),
  );
  const daemon = new Daemon(current, means);
  // From now on a signal is an order, also while the rest begins.
  const told = untilStopped(daemon, log);
  endOnDefect(daemon, log);
  try {
    server = await createServer(daemon, current.settings.web, {
      probe: (target, module, signal, name) =>
        running.probeTarget(target, module as Profile, {
          settings: parts.clusterNaming(name ?? target, current.settings),
          signal,
          tell: (line) => log('info', { target }, line),
        }),
      targets: () => configuredTargets(current.settings),
      untouched: () => untouchedTargets(current.settings),
      rules: async () => (await import('../evaluate/directory.ts')).loadRules(),
      dashboard: createDashboard(daemon, pageFiles()),
      log,
    });
  } catch (error) {
    store.close();
    lag.stop();
    throw new Unusable(`web: ${reasonNotToListen(error as NodeJS.ErrnoException)}`);
  }
  process.stdout.write(`flinkprobe ${daemon.status().version} listens on ${server.address}/\n`);
  await parts.seed(current, store, log);
  daemon.start();
  await told;
  const how = await ended([server.close(), daemon.stop()]);
  lag.stop();
  if (how === 'ended') return;
  log('error', {}, `something did not end within ${STOP_WITHIN_MS / 1000} s, and is left`);
  daemon.close();
  process.exit();
}

function reasonNotToListen({ code, message }: NodeJS.ErrnoException): string {
  return code === 'EADDRINUSE' ? `${message}; --listen HOST:PORT takes another (port 0: any that is free)` : message;
}

/** What nobody caught: the history is closed, and whoever started us starts us again. */
function endOnDefect(daemon: { close(): void }, log: Log): void {
  process.on('uncaughtException', (error) => {
    log('error', { err: error }, 'a defect, please report it');
    try {
      daemon.close();
    } finally {
      process.exit(ExitCode.defect);
    }
  });
}

async function opened(file: string): Promise<Store> {
  const { openStore, StoreFailure } = await import('../daemon/store/store.ts');
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return openStore({ path: file });
  } catch (error) {
    if (error instanceof StoreFailure) throw new Unusable(`state: ${error.message}`);
    throw new Unusable(`state: ${file}: ${reason(error)}`);
  }
}

interface Stoppable {
  reload(): Promise<unknown>;
  clusters(): readonly string[];
  runNow(cluster: string, trigger: 'signal'): RunAnswer | undefined;
}

/** SIGHUP reloads, SIGUSR2 runs every cluster now, SIGTERM and SIGINT end. */
function untilStopped(daemon: Stoppable, log: (level: 'info', fields: object, text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const reload = (): void => void daemon.reload();
    const runAll = (): void => {
      for (const name of daemon.clusters()) {
        const answer = daemon.runNow(name, 'signal');
        if (answer !== undefined && 'refused' in answer) log('info', { cluster: name }, `no run: ${answer.problem}`);
      }
    };
    const stop = (signal: NodeJS.Signals): void => {
      log('info', { signal }, 'ending');
      process.exitCode = signal === 'SIGINT' ? ExitCode.interrupted : 0;
      resolve();
    };
    process.on('SIGHUP', reload);
    if (process.platform !== 'win32') process.on('SIGUSR2', runAll);
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });
}

/** Waits for all, and no longer than {@link STOP_WITHIN_MS}. */
async function ended(work: readonly Promise<unknown>[]): Promise<'ended' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), STOP_WITHIN_MS);
  });
  const all = Promise.allSettled(work).then(() => 'ended' as const);
  const how = await Promise.race([all, late]);
  clearTimeout(timer);
  return how;
}
