import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildProcess, gone, isInPath, must, pause, spawn } from './command.ts';
import { atInterrupt } from './interrupt.ts';
import { hostsFile, type Network } from './network.ts';
import { plainEnvironment } from './witnesses.ts';

/** Where a daemon stands: beside the bridge, where all of the wire can be seen, with an address of its own. */
export interface DaemonHost {
  /** Command line that runs `command` there. */
  as(command: readonly string[]): readonly string[];
  readonly interface: string;
}

const ADDRESS = '10.77.0.10/24';

/** Gives the bridge's namespace an address and the members' names. Needs namespaces, not loopback. */
export async function daemonHost({ site, wire }: Network): Promise<DaemonHost> {
  const space = wire.prefix.at(-1);
  if (space === undefined) throw new Error('a daemon is watched in network namespaces only');
  const folder = join('/etc/netns', space);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hosts'), hostsFile(site));
  await must('ip', ['-netns', space, 'addr', 'add', ADDRESS, 'dev', wire.interface]);
  return { as: (command) => [...wire.prefix, ...command], interface: wire.interface };
}

/** A program beside the cluster. */
export interface Beside {
  readonly child: ChildProcess;
  /** All that it wrote so far. */
  words(): string;
  stop(): Promise<void>;
}

/** Starts a program there; it is killed when it has not ended ten seconds after it was told to. */
export function startBeside(host: DaemonHost, command: readonly string[], heard?: (line: string) => void): Beside {
  const [program, ...args] = host.as(command);
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], env: plainEnvironment() });
  let words = '';
  let rest = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    if (heard === undefined) {
      words += text;
      return;
    }
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop()!;
    for (const line of lines) heard(line);
  });
  const forget = atInterrupt(async () => void child.kill('SIGKILL'));
  const stop = async (): Promise<void> => {
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
    child.stdin!.end();
    child.kill('SIGTERM');
    await gone(child);
    clearTimeout(kill);
    forget();
  };
  return { child, words: () => words, stop };
}

const STOP_WITHIN = 10_000;

/** The command as it is shipped: bundled. */
const COMMAND: string = fileURLToPath(new URL('../../../bundle/cli/main.js', import.meta.url));

export const PORTS_BESIDE = { daemon: 9799, alertmanager: 9093, gossip: 9094 } as const;

/** `flinkprobe daemon` with these settings. @throws Error when it does not listen */
export async function startDaemon(host: DaemonHost, settings: object, folder: string): Promise<Beside> {
  const file = join(folder, 'flinkprobe.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(settings, undefined, 2), { mode: 0o600 });
  const heard: string[] = [];
  const daemon = startBeside(host, [process.execPath, COMMAND, 'daemon', '--config', file], (line) => heard.push(line));
  await untilSaid(daemon, 'the daemon', () => heard.some((line) => line.includes('listens on')));
  return daemon;
}

/** Alertmanager of the Debian package; undefined where it is not installed. */
export async function startAlertmanager(host: DaemonHost, folder: string): Promise<Beside | undefined> {
  if (!isInPath('prometheus-alertmanager')) return undefined;
  const configuration = join(folder, 'alertmanager.yml');
  writeFileSync(configuration, 'route: { receiver: nobody }\nreceivers: [ { name: nobody } ]\n');
  const running = startBeside(host, [
    ...['prometheus-alertmanager', `--config.file=${configuration}`, `--storage.path=${join(folder, 'alertmanager')}`],
    `--web.listen-address=127.0.0.1:${PORTS_BESIDE.alertmanager}`,
    `--cluster.listen-address=127.0.0.1:${PORTS_BESIDE.gossip}`,
  ]);
  await untilSaid(running, 'Alertmanager', () => /[Ll]istening/.test(running.words()));
  return running;
}

const UP_WITHIN = 30_000;

async function untilSaid(program: Beside, what: string, done: () => boolean): Promise<void> {
  const giveUp = Date.now() + UP_WITHIN;
  while (!done()) {
    if (program.child.exitCode !== null || Date.now() > giveUp) {
      await program.stop();
      throw new Error(`${what} did not come up: ${program.words().slice(-500)}`);
    }
    await pause(50);
  }
}

/** Asks the daemon's API from where it stands. @throws Error where the answer is no good one */
export async function askDaemon<T>(host: DaemonHost, path: string, body?: object): Promise<T> {
  const url = `http://127.0.0.1:${PORTS_BESIDE.daemon}${path}`;
  const headers = { 'content-type': 'application/json' };
  const request = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const script = `const answer = await fetch(${JSON.stringify(url)}, ${JSON.stringify(request)});
    if (!answer.ok) throw new Error(String(answer.status));
    process.stdout.write(await answer.text());`;
  const [program, ...args] = host.as([process.execPath, '--input-type=module', '--eval', script]);
  return JSON.parse(await must(program!, args)) as T;
}
