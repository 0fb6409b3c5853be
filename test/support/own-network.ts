import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Set in the process that has a network of its own. Begins unlike our options. */
const INSIDE = 'TEST_OWN_NETWORK';

/** Whether a program answers. */
export function isThere(program: string, ...args: readonly string[]): boolean {
  const asked = spawnSync(program, args.length === 0 ? ['--version'] : args, { stdio: 'ignore' });
  return asked.error === undefined && asked.status === 0;
}

/**
 * Runs the calling test file again in a network namespace of its own, where there are `lo` and a pair of interfaces,
 * `probe0` (10.77.9.1/24) and `probe1`; what happens there is seen by nobody else. Undefined inside of it; a reason
 * where it cannot be made (no root, no unshare). Ends this process with the code of the other one.
 */
export function enterOwnNetwork(file: string, args: readonly string[] = []): string | undefined {
  if (process.env[INSIDE] !== undefined) return undefined;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (!isThere('unshare', '-n', 'ip', 'link')) return 'unshare or ip not found, or not allowed';
  const commands = [
    'ip link set lo up',
    'ip link add probe0 type veth peer name probe1',
    'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true',
    'ip addr add 10.77.9.1/24 dev probe0',
    'ip link set probe0 up',
    'ip link set probe1 up',
    'exec "$@"',
  ].join(' && ');
  const again = [process.execPath, ...process.execArgv, fileURLToPath(file), ...args];
  const { status } = spawnSync('unshare', ['-n', 'sh', '-c', commands, 'sh', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(status ?? 1);
}
