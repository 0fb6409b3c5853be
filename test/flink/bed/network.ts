import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { must, run } from './command.ts';
import { atInterrupt } from './interrupt.ts';
import { LOOPBACK_SITE, MEMBERS, type Member, NAMESPACE_SITE, type Site } from './members.ts';

/** The hosts of one cluster: where a program of a member runs, and where all of the wire can be seen. */
export interface Network {
  readonly site: Site;
  /** Command line that runs `command` as the member. */
  as(member: Member, command: readonly string[]): readonly string[];
  /** Command line that runs `command` where the recorder has to stand, and the interface to listen on. */
  readonly wire: { readonly prefix: readonly string[]; readonly interface: string };
  /** Hosts file of the members, for `--names`. */
  readonly hosts: string;
  remove(): Promise<void>;
}

export function hostsFile(site: Site, self?: Member): string {
  const lines = MEMBERS.map(
    (member) => `${site.address[member]} ${site.kind === 'namespaces' ? site.name[member] : member}`,
  );
  // From 2.3 the JobManager resolves the machine's own name when a job is submitted.
  const own = self ? [`${site.address[self]} ${hostname()}`] : [];
  return `${['127.0.0.1 localhost', ...lines, ...own].join('\n')}\n`;
}

/** Addresses of 127.0.0.0/8, no rights needed. The clients' addresses all read 127.0.0.1 or the server's own there. */
export function loopback(): Network {
  return {
    site: LOOPBACK_SITE,
    as: (_, command) => command,
    wire: { prefix: [], interface: 'lo' },
    hosts: hostsFile(LOOPBACK_SITE),
    remove: async () => {},
  };
}

/**
 * One network namespace a member and one for the bridge between them, all named `PREFIX-…`.
 * Needs root. `/etc/netns/NAME/hosts`, which `ip netns exec` binds over `/etc/hosts`, gives the names.
 */
export async function namespaces(prefix: string): Promise<Network> {
  const bridge = `${prefix}-bridge`;
  const spaces = [bridge, ...MEMBERS.map((member) => `${prefix}-${member}`)];
  const remove = async (): Promise<void> => {
    forget();
    for (const space of spaces) {
      await run('ip', ['netns', 'delete', space]);
      rmSync(join('/etc/netns', space), { recursive: true, force: true });
    }
  };
  const forget = atInterrupt(remove);
  try {
    await build(prefix, bridge, spaces);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    site: NAMESPACE_SITE,
    as: (member, command) => ['ip', 'netns', 'exec', `${prefix}-${member}`, ...command],
    wire: { prefix: ['ip', 'netns', 'exec', bridge], interface: 'br0' },
    hosts: hostsFile(NAMESPACE_SITE),
    remove,
  };
}

async function build(prefix: string, bridge: string, spaces: readonly string[]): Promise<void> {
  const site = NAMESPACE_SITE;
  for (const member of MEMBERS) {
    const folder = join('/etc/netns', `${prefix}-${member}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'hosts'), hostsFile(site, member));
  }
  await batch(spaces.map((space) => `netns add ${space}`));
  await batch(['link add br0 type bridge forward_delay 0', 'link set br0 up', 'link set lo up'], bridge);
  for (const member of MEMBERS) {
    const space = `${prefix}-${member}`;
    await batch(
      [`link add ${member} type veth peer name eth0 netns ${space}`, `link set ${member} master br0 up`],
      bridge,
    );
    await batch(['link set lo up', `addr add ${site.address[member]}/24 dev eth0`, 'link set eth0 up'], space);
  }
}

async function batch(commands: readonly string[], space?: string): Promise<void> {
  for (const command of commands) await must('ip', [...(space ? ['-netns', space] : []), ...command.split(' ')]);
}

/** Whether this machine lets us make namespaces: asked by making one. */
export async function canMakeNamespaces(): Promise<boolean> {
  const name = `fpb${process.pid}-ask`;
  try {
    const made = await run('ip', ['netns', 'add', name]);
    if (made.code !== 0) return false;
    await run('ip', ['netns', 'delete', name]);
    return true;
  } catch {
    return false;
  }
}
