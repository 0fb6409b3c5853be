import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PacketLog, recordingProxy, run } from './capture-tools.ts';

/** A program that talks on its standard streams; its words are the truth of a test. */
export class Talker {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  output = '';

  constructor(program: string, args: readonly string[], folder?: string) {
    this.#child = spawn(program, args, { ...(folder === undefined ? {} : { cwd: folder }) });
    this.#child.stdin.on('error', () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.output += bytes.toString('latin1');
      });
    }
    this.#ended = once(this.#child, 'close');
  }

  say(text: string): void {
    this.#child.stdin.write(text);
  }

  /** No more input. */
  end(): void {
    this.#child.stdin.end();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  ended(): Promise<unknown> {
    return this.#ended;
  }

  /** The match, as soon as the output has it; undefined when the program ended, or said nothing like it in time. */
  async hear(pattern: RegExp, milliseconds: number = 5000): Promise<RegExpExecArray | undefined> {
    let state: 'running' | 'ended' = 'running';
    void this.#ended.then(() => {
      state = 'ended';
    });
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found;
      if ((state as string) === 'ended' || Date.now() > deadline) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export interface TalkOptions {
  /** Folder with the files that the arguments name. */
  readonly folder: string;
  readonly server: readonly string[];
  readonly client: readonly string[];
  /** Packets are added to it. */
  readonly log?: PacketLog;
  /** `echo`: the client says a line and waits for its answer. `connect`: it ends as soon as it may. */
  readonly talk?: 'echo' | 'connect';
  /** What a client does after the first answer: `R` renegotiates, `k` updates keys. */
  readonly afterwards?: string;
  /** Connections of the same client arguments, one after the other; `-sess_in` from the second on. */
  readonly connections?: number;
}

export interface Talk {
  readonly log: PacketLog;
  /** What each client printed. */
  readonly clients: readonly string[];
  readonly server: string;
  /** NSS key log lines of all connections. */
  readonly keys: string;
}

/** Connections of `openssl s_client` to `openssl s_server`, recorded by a proxy. */
export async function opensslTalk(options: TalkOptions): Promise<Talk> {
  const { folder, talk = 'echo' } = options;
  const log = options.log ?? new PacketLog();
  const keyFile = `keys-${process.hrtime.bigint()}`;
  const fixed = ['s_server', '-accept', '127.0.0.1:0', ...(options.server.includes('-early_data') ? [] : ['-rev'])];
  const server = new Talker('openssl', [...fixed, ...options.server, '-keylogfile', keyFile], folder);
  const clients: string[] = [];
  try {
    const port = await server.hear(/ACCEPT 127\.0\.0\.1:(\d+)/);
    if (port === undefined) throw new Error(`s_server does not listen: ${server.output}`);
    const proxy = await recordingProxy(log, Number(port[1]));
    for (let n = 0; n < (options.connections ?? 1); n++) {
      const session = existsSync(path.join(folder, `${keyFile}.session`)) ? ['-sess_in', `${keyFile}.session`] : [];
      const keep = (options.connections ?? 1) > 1 ? ['-sess_out', `${keyFile}.session`] : [];
      const args = ['s_client', '-connect', `127.0.0.1:${proxy.port}`, ...options.client, ...session, ...keep];
      clients.push(await oneClient(new Talker('openssl', args, folder), talk, options.afterwards));
    }
    await proxy.close();
  } finally {
    server.kill();
    await server.ended();
  }
  const keys = path.join(folder, keyFile);
  return { log, clients, server: server.output, keys: existsSync(keys) ? readFileSync(keys, 'latin1') : '' };
}

async function oneClient(client: Talker, talk: 'echo' | 'connect', afterwards: string | undefined): Promise<string> {
  if (talk === 'echo') {
    client.say('hello\n');
    await client.hear(/olleh/, 1500);
    if (afterwards !== undefined) {
      client.say(`${afterwards}\n`);
      await client.hear(/RENEGOTIATING[\s\S]*verify return|KEYUPDATE/, 1500);
      client.say('again\n');
      await client.hear(/niaga/, 1500);
    }
  }
  client.end();
  await client.ended();
  return client.output;
}

/** OpenSSL's own list of its names for suites and IANA's. */
export function ianaNames(): ReadonlyMap<string, string> {
  const lines = run('openssl', ['ciphers', '-stdname', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [iana, , openssl] = line.trim().split(/\s+/);
      return iana === undefined || openssl === undefined ? [] : [[openssl, iana] as const];
    }),
  );
}

/** What `s_client` says of a connection. */
export interface ClientWords {
  readonly protocol: string | undefined;
  /** OpenSSL's name. */
  readonly cipher: string | undefined;
  readonly reused: boolean;
  /** As `X25519, 253 bits`, `ECDH, prime256v1, 256 bits`, `DH, 2048 bits`. */
  readonly temporaryKey: string | undefined;
  readonly alpn: string | undefined;
}

export function clientWords(output: string): ClientWords {
  const [, novelty, protocol, cipher] = /^(New|Reused), (\S+), Cipher is (\S+)$/m.exec(output) ?? [];
  return {
    protocol: /^ {4}Protocol {2}: (\S+)$/m.exec(output)?.[1] ?? protocol,
    cipher: cipher === '(NONE)' ? undefined : cipher,
    reused: novelty === 'Reused',
    temporaryKey: /^Server Temp Key: (.+)$/m.exec(output)?.[1],
    alpn: /^ALPN protocol: (.+)$/m.exec(output)?.[1],
  };
}
