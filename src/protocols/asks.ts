import { fromHex, toHex } from '../bytes/hex.ts';
import type { ClearAsk } from '../model/probe.ts';

/**
 * Requests that do no harm: each is answered by one protocol only and does nothing in the others, in the order in which
 * `observe/active` sends them. What they do to Flink stands in docs/probing.md.
 */

function ascii(text: string): string {
  return toHex(new TextEncoder().encode(text));
}

function fixed(name: string, hex: string, logLines: ClearAsk['logLines'], farewell?: string): ClearAsk {
  const bytes = fromHex(hex);
  return { name, request: () => bytes, logLines, ...(farewell === undefined ? {} : { farewell: fromHex(farewell) }) };
}

/**
 * A HEARTBEAT before any ASSOCIATE: "stray", answered by DISASSOCIATE, logged at DEBUG only
 * (`PekkoProtocolTransport`, state WaitHandshake). On a TLS port Netty logs one WARN, NotSslRecordException; Netty 3 (Flink
 * up to 1.18) at times a second one, `Cannot kickstart, the connection is already broken or closed`.
 */
export const heartbeat: ClearAsk = fixed('HEARTBEAT', '0000000412020803', { clear: 0, tls: 2 });

/**
 * AddCredit for a receiver that there is none of: ErrorResponse `No reader for receiverId`, no log line, no state
 * (`PartitionRequestQueue.obtainReader`). The farewell is CloseRequest.
 */
export const addCredit: ClearAsk = fixed(
  'AddCredit for an unknown receiver',
  `0000001dbadc0ffe06${'00000001'}${'00'.repeat(16)}`,
  { clear: 0, tls: 1 },
  '00000009badc0ffe05',
);

/**
 * GET with an addressing mode that was removed: fails before any lookup, with one ERROR line
 * (`BlobServerConnection.get`, `Unknown type of BLOB addressing: 1.`). Never longer: a third byte is a job id's.
 */
export const badAddressing: ClearAsk = fixed('GET with invalid addressing mode', '0101', { clear: 1, tls: 1 });

/** A result where a request is due: SERVER_FAILURE, DEBUG only (`AbstractServerHandler`). */
export const strayResult: ClearAsk = fixed('REQUEST_RESULT', '0000001079a1b710000000010000000000000000', {
  clear: 0,
  tls: 0,
});

/** The stream handshake of JRMP, before any call (Java RMI specification, section 10.2). */
export const jrmpStream: ClearAsk = fixed('JRMP stream handshake', '4a524d4900024b', { clear: 0, tls: 0 });

/** A GET of one of the paths that only read, and the answer's end is the connection's. */
export function get(path: '/config' | '/info' | '/metrics'): ClearAsk {
  return { name: `GET ${path}`, request: (host) => httpGet(path, host), logLines: { clear: 0, tls: 0 } };
}

/** `GET PATH` of HTTP/1.1 as bytes; `host` is written as given, IPv6 literals in brackets. */
function httpGet(path: string, host: string): Uint8Array {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'User-Agent: flinkprobe', 'Accept: */*', 'Connection: close'];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
}

/**
 * ASSOCIATE of a process that does not exist (`flinkprobe@probe.invalid:1`, fixed uid), opt-in: Flink answers with its own,
 * whose uid changes with each start. Costs one endpoint entry and a WARN line. Never with the address of a real process:
 * that would quarantine it (`EndpointManager.handleInboundAssociation`). The farewell is DISASSOCIATE.
 */
export const associate: ClearAsk = fixed(
  'ASSOCIATE of a made-up origin',
  `00000033${'1231'}0801${'122d'}${'0a22'}0a0a${ascii('flinkprobe')}120d${ascii('probe.invalid')}1801${'2203'}${ascii('tcp')}11${'6f72706b00000000'}`,
  { clear: 1, tls: 1 },
  '0000000412020802',
);
