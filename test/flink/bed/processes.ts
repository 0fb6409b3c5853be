import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Case } from './cases.ts';
import { type ChildProcess, gone, spawn } from './command.ts';
import type { ClusterMember } from './members.ts';
import type { Network } from './network.ts';

/** One Java process of a cluster. */
export interface FlinkProcess {
  readonly name: string;
  readonly member: ClusterMember;
  readonly log: string;
  readonly child: ChildProcess;
}

export interface Launch {
  readonly name: string;
  readonly member: ClusterMember;
  readonly main: string;
  readonly args: readonly string[];
  readonly classPath: readonly string[];
  readonly configuration: string;
  readonly plugins: string;
  readonly folder: string;
  readonly jdk: Case['jdk'];
  /** Class data archive of this version, to be used or to be written at the process's end. */
  readonly archive?: { readonly file: string; readonly use: 'read' | 'write' };
}

const OPENED = [
  ...['java.lang', 'java.net', 'java.io', 'java.nio', 'sun.nio.ch', 'java.lang.reflect', 'java.text', 'java.time'],
  ...['java.util', 'java.util.concurrent', 'java.util.concurrent.atomic', 'java.util.concurrent.locks'],
].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);

/** As `env.java.opts.all` of the distribution lists them. */
const MODULES = [
  '--add-exports=java.base/sun.net.util=ALL-UNNAMED',
  '--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED',
  '--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED',
  ...OPENED,
];

/** Small and quick rather than fast in the long run: no second compiler, one collector thread. */
export const JVM: readonly string[] = [
  '-Xmx400m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-XX:-UsePerfData',
];

const REFUSED = [
  ...['SSLv3', 'TLSv1', 'TLSv1.1', 'DTLSv1.0', 'RC4', 'DES', 'MD5withRSA', 'DH keySize < 1024', 'EC keySize < 224'],
  ...['3DES_EDE_CBC', 'anon', 'NULL', 'ECDH'],
];
/** By full names: `TLS_RSA_*` is understood by the newer patch levels only. */
const STATIC_RSA = [
  ...['TLS_RSA_WITH_AES_256_GCM_SHA384', 'TLS_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_256_CBC_SHA256'],
  ...['TLS_RSA_WITH_AES_128_CBC_SHA256', 'TLS_RSA_WITH_AES_256_CBC_SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA'],
];

/** `jdk.tls.disabledAlgorithms`, so that a case means the same at every patch level of the JDK. */
export function securityProperties(jdk: Case['jdk']): string {
  const all = jdk === 'refuses-static-rsa' ? [...REFUSED, ...STATIC_RSA] : REFUSED;
  return `jdk.tls.disabledAlgorithms=${all.join(', ')}\n`;
}

function loggingProperties(file: string): string {
  return `rootLogger.level = INFO
rootLogger.appenderRef.file.ref = File
appender.file.name = File
appender.file.type = FILE
appender.file.fileName = ${file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
`;
}

/** Starts a process of a member; its log stands in `folder/NAME.log`, its output in `folder/NAME.out`. */
export function launch(network: Network, wanted: Launch): FlinkProcess {
  const { name, folder, member } = wanted;
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${name}.log`);
  const logging = join(folder, `${name}.log4j.properties`);
  const security = join(folder, `${name}.security`);
  writeFileSync(logging, loggingProperties(log));
  writeFileSync(security, securityProperties(wanted.jdk));
  const java = [
    ...['java', ...JVM, ...archiveOption(wanted.archive), ...MODULES],
    ...[`-Dlog4j.configurationFile=file:${logging}`, `-Djava.security.properties=${security}`],
    ...['-cp', wanted.classPath.join(delimiter), wanted.main, ...wanted.args],
  ];
  const [program, ...args] = network.as(member, java);
  const output = openSync(join(folder, `${name}.out`), 'w');
  const child = spawn(program!, args, {
    cwd: folder,
    stdio: ['ignore', output, output],
    env: { ...process.env, FLINK_CONF_DIR: wanted.configuration, FLINK_PLUGINS_DIR: wanted.plugins },
  });
  closeSync(output);
  return { name, member, log, child };
}

function archiveOption(archive: Launch['archive']): readonly string[] {
  if (!archive) return [];
  return [`-XX:${archive.use === 'read' ? 'SharedArchiveFile' : 'ArchiveClassesAtExit'}=${archive.file}`];
}

export const isAlive = (one: FlinkProcess): boolean => one.child.exitCode === null && one.child.signalCode === null;

/** Ends processes at once: nothing of them is needed any more. */
export async function kill(processes: readonly FlinkProcess[]): Promise<void> {
  for (const one of processes) one.child.kill('SIGKILL');
  await Promise.all(processes.map((one) => gone(one.child)));
}

const LISTEN = '0A';

/** TCP ports on which a process listens, read from the kernel's tables: nothing crosses the wire. */
export function listeningPorts(pid: number): ReadonlySet<number> {
  const found = new Set<number>();
  try {
    const sockets = socketInodes(pid);
    for (const table of ['tcp', 'tcp6']) {
      for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/);
        if (fields[3] === LISTEN && sockets.has(fields[9]!)) found.add(parseInt(fields[1]!.split(':')[1]!, 16));
      }
    }
  } catch {
    // The process is gone.
  }
  return found;
}

function socketInodes(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const socket = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`));
    if (socket) inodes.add(socket[1]!);
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
