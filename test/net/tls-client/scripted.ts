import type { HandshakeRequest, HandshakeResult } from '../../../src/net/tls-client/types.ts';
import { type ScriptedConnection, scriptedServer } from '../../support/scripted-tls.ts';
import { shake } from './servers.ts';

export type Play = (connection: ScriptedConnection) => Promise<void> | void;

/** One handshake with a server that plays a script. */
export async function shakeScripted(play: Play, request: HandshakeRequest): Promise<HandshakeResult> {
  const server = await scriptedServer(play);
  try {
    return (await shake(server.port, request)).result;
  } finally {
    server.stop();
  }
}
