import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { gone, pause, spawn } from './command.ts';
import type { Network } from './network.ts';

export interface Recorder {
  /** Ends the recording after what is still in flight has been written. */
  stop(): Promise<void>;
}

const READY_TIMEOUT = 10_000;
const IN_FLIGHT = 150;
const BUFFER_KIB = 16_384;

/**
 * tcpdump on the bridge, promiscuous, whole packets, written as they come: without immediate mode it would lose the
 * last second at its end. Resolves when it listens.
 */
export async function record(network: Network, file: string, words: string): Promise<Recorder> {
  const filter = network.site.kind === 'loopback' ? ['net', '127.77.0.0/24'] : ['tcp'];
  const [program, ...args] = [
    ...network.wire.prefix,
    ...[
      'tcpdump',
      '-i',
      network.wire.interface,
      '-U',
      '--immediate-mode',
      '-n',
      '-s',
      '0',
      '-B',
      String(BUFFER_KIB),
      '-w',
      file,
      '-Z',
      'root',
    ],
    ...filter,
  ];
  const output = openSync(words, 'w');
  const child = spawn(program!, args, { stdio: ['ignore', output, output] });
  closeSync(output);
  const giveUp = Date.now() + READY_TIMEOUT;
  // The file's header is written once the interface is open.
  while (!existsSync(file) || statSync(file).size < 24) {
    if (child.exitCode !== null || Date.now() > giveUp) {
      child.kill('SIGKILL');
      throw new Error(`tcpdump did not start: see ${words}`);
    }
    await pause(20);
  }
  return {
    stop: async () => {
      await pause(IN_FLIGHT);
      child.kill('SIGINT');
      await gone(child);
    },
  };
}
