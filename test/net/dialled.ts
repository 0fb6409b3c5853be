import { createDialer } from '../../src/net/dial.ts';
import { DEFAULT_DIAL_LIMITS } from '../../src/net/limits.ts';
import type { Dialer, Received, Transcript, Wire } from '../../src/net/wire.ts';
import { type Script, type ScriptedServer, serve } from '../support/scripted-server.ts';

export const CONNECT_MS = 2000;
export const dialer: Dialer = createDialer(DEFAULT_DIAL_LIMITS);

/** A connection that stands. */
export async function stand(server: { readonly host: string; readonly port: number }): Promise<Wire> {
  const dialled = await dialer.dial({ host: server.host, port: server.port }, CONNECT_MS);
  if (dialled.kind === 'fault') throw new Error(`no connection: ${dialled.transcript.fault}`);
  return dialled.wire;
}

/** Events in short: `<` ours, `>` theirs; runs of bytes of one side as one. */
export function told({ events }: Transcript): string[] {
  const lines: string[] = [];
  for (const event of events) {
    const mark = event.side === 0 ? '<' : '>';
    if (event.kind === 'end') lines.push(`${mark}${event.how}`);
    else {
      const text = Buffer.from(event.bytes).toString('latin1');
      if (lines.at(-1)?.startsWith(`${mark}=`)) lines[lines.length - 1] += text;
      else lines.push(`${mark}=${text}`);
    }
  }
  return lines;
}

/** What comes until the other side ends, or is silent for so long. */
export async function all(
  wire: Wire,
  timeoutMs = 1000,
): Promise<{ readonly text: string; readonly end: Received['kind'] }> {
  let text = '';
  for (;;) {
    const received = await wire.receive(timeoutMs);
    if (received.kind !== 'bytes') return { text, end: received.kind };
    text += Buffer.from(received.bytes).toString('latin1');
  }
}

/** A connection to a server that plays a script, and ends with it. */
export async function using(
  script: Script,
  use: (wire: Wire, server: ScriptedServer) => Promise<void>,
  host = '127.0.0.1',
): Promise<void> {
  const server = await serve(script, { host });
  try {
    await use(await stand(server), server);
  } finally {
    await server.close();
  }
}

/** Bytes of a text, as scripts have them. */
export const hex = (text: string): string => Buffer.from(text).toString('hex');
