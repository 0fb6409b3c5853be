import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export type CaptureTool = 'dumpcap' | 'tcpdump';

export type LiveCaptureFault = 'no-tool' | 'no-right' | 'no-interface' | 'bad-filter' | 'failed';

/** A capture that could not begin. The message says what to install, run or write instead. */
export class LiveCaptureFailure extends Error {
  override readonly name = 'LiveCaptureFailure';
  readonly fault: LiveCaptureFault;

  constructor(fault: LiveCaptureFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** A tool that is there, and the words that start it without more rights than it needs. */
export interface FoundTool {
  readonly tool: CaptureTool;
  readonly path: string;
  /** Program and arguments before the tool's own path; empty: started as it is. */
  readonly prefix: readonly string[];
  /** Arguments by which the tool itself gives rights up. */
  readonly own: readonly string[];
  /** Said where it keeps rights that it does not need. */
  readonly notice?: string;
}

/** Where administrators' programs stand that the PATH of others lacks. */
const MORE_FOLDERS: readonly string[] = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** Finds the preferred capture tool, or the other one. */
export function findTool(prefer: CaptureTool, environment: NodeJS.ProcessEnv): FoundTool {
  const order: readonly CaptureTool[] = prefer === 'dumpcap' ? ['dumpcap', 'tcpdump'] : ['tcpdump', 'dumpcap'];
  for (const tool of order) {
    const found = findProgram(tool, environment);
    if (found !== undefined) return { tool, path: found, ...unprivileged(tool, found, environment) };
  }
  throw new LiveCaptureFailure('no-tool', NO_TOOL);
}

const NO_TOOL =
  'no dumpcap and no tcpdump was found: live capture needs one of them. Install it (Debian, Ubuntu: apt install tcpdump, or ' +
  'wireshark-common; Red Hat: dnf install tcpdump, or wireshark-cli; macOS has tcpdump), or capture on another host ' +
  '(flinkprobe sniff --print-command) and read the file (flinkprobe analyze)';

function findProgram(name: string, { PATH }: NodeJS.ProcessEnv): string | undefined {
  const folders = (PATH ?? '').split(path.delimiter).filter((one) => path.isAbsolute(one));
  const more = PATH === '' ? [] : MORE_FOLDERS;
  return [...folders, ...more].map((folder) => path.join(folder, name)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

const CAPABILITIES = { net_admin: 12, net_raw: 13 } as const;
/** User and group `nobody` where the system does not say. */
const NOBODY = 65_534;

type Unprivileged = Pick<FoundTool, 'prefix' | 'own' | 'notice'>;

/**
 * Nobody needs root to read packets: as root, the tool is started as `nobody` with the two capabilities that it needs
 * (setpriv(1)), which are gone when it ends; it also ends when we are killed.
 */
function unprivileged(tool: CaptureTool, file: string, environment: NodeJS.ProcessEnv): Unprivileged {
  const asIs = { prefix: [], own: [] };
  if (process.getuid?.() !== 0) return asIs;
  const setpriv = process.platform === 'linux' ? findProgram('setpriv', environment) : undefined;
  if (setpriv !== undefined) {
    const prefix = [setpriv, ...privileges(groupFor(file))];
    // A container may lack the right to give rights up.
    if (spawnSync(prefix[0]!, [...prefix.slice(1), '--', file, '--version'], { stdio: 'ignore' }).status === 0)
      return { prefix: [...prefix, '--'], own: [] };
  }
  if (tool === 'tcpdump') return { prefix: [], own: ['-Z', 'nobody'] };
  return { ...asIs, notice: `${tool} runs as root: install setpriv (util-linux), and it will run as nobody` };
}

function privileges(group: number): readonly string[] {
  const owned = ownedCapabilities().map((name) => `+${name}`);
  const list = owned.join(',');
  return [
    `--reuid=${userNobody()}`,
    `--regid=${group}`,
    '--clear-groups',
    ...(list === '' ? [] : [`--inh-caps=-all,${list}`, `--ambient-caps=-all,${list}`]),
    `--bounding-set=-all${list === '' ? '' : `,${list}`}`,
    '--pdeathsig=INT',
  ];
}

function ownedCapabilities(): readonly string[] {
  const [, permitted = '0'] = /^CapPrm:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) =>
    (BigInt(`0x${permitted}`) >> BigInt(bit)) & 1n ? [name] : [],
  );
}

function userNobody(): number {
  try {
    const [, id] = /^nobody:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
    return id === undefined ? NOBODY : Number(id);
  } catch {
    return NOBODY;
  }
}

/** dumpcap may be for the members of one group only (`wireshark`). */
function groupFor(file: string): number {
  const { mode, gid } = statSync(file);
  return (mode & constants.S_IXOTH) === 0 && (mode & constants.S_IXGRP) !== 0 ? gid : NOBODY;
}

/**
 * Asks libpcap, by tcpdump, whether it is a filter; needs no rights. Without tcpdump the start of the capture tells.
 *
 * @throws LiveCaptureFailure with libpcap's own words
 */
export function checkFilter(filter: string, environment: NodeJS.ProcessEnv): void {
  const tcpdump = findProgram('tcpdump', environment);
  if (tcpdump === undefined) return;
  const asked = spawnSync(tcpdump, ['-y', 'EN10MB', '-d', '--', filter], {
    encoding: 'utf8',
    timeout: 5000,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (asked.status === 0 || asked.status === null) return;
  const told = asked.stderr
    .split('\n')
    .find((line) => /syntax|parse|filter|expression|illegal|unknown|invalid/i.test(line));
  // Whatever else keeps it from answering is no fault of the filter.
  if (told === undefined) return;
  throw badFilter(filter, told.replace(/^.*?tcpdump: /, ''));
}

export function badFilter(filter: string, detail: string): LiveCaptureFailure {
  return new LiveCaptureFailure(
    'bad-filter',
    `${JSON.stringify(filter)} is no capture filter: ${detail} (pcap-filter(7))`,
  );
}

/** What the words of a tool that ended before it captured anything mean. */
export function startFailure({ tool, path: file }: FoundTool, told: string, filter: string): LiveCaptureFailure {
  const lines = told.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^(Capturing on|File:)/.test(line));
  const first = (lines[0] ?? `${tool} ended without a word`).replace(new RegExp(`^.*?${tool}: `), '');
  if (/permission|not permitted|privilege/i.test(told))
    return new LiveCaptureFailure('no-right', `${first} ${rightsHelp(tool, file)}`);
  if (/invalid capture filter|parse filter|syntax error|illegal|expression rejected/i.test(told)) {
    const detail = lines.find((line) => /syntax|illegal|rejected|parse/i.test(line)) ?? first;
    return badFilter(filter, detail.replace(/^.*?tcpdump: /, '').trim());
  }
  if (/no such device|no device named|does not exist|no interface|not up/i.test(told))
    return new LiveCaptureFailure('no-interface', `${first} (interfaces: ${tool} -D)`);
  return new LiveCaptureFailure('failed', `${tool} failed: ${lines.slice(0, 3).join(' ').trim() || first}`);
}

function rightsHelp(tool: CaptureTool, file: string): string {
  if (process.platform === 'darwin')
    return '- run it with sudo, or install ChmodBPF (it comes with Wireshark) and join the group access_bpf';
  const setcap = `sudo setcap cap_net_raw,cap_net_admin=ep ${file}`;
  return tool === 'dumpcap'
    ? `- join the group that may capture (sudo usermod -aG wireshark $USER, then log in anew; on Debian after sudo dpkg-reconfigure wireshark-common), or give the program the right (${setcap}), or run flinkprobe with sudo: the capture itself then runs as nobody`
    : `- give the program the right (${setcap}), or run flinkprobe with sudo: the capture itself then runs as nobody`;
}
