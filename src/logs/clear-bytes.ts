import { readAssociate } from '../protocols/pekko-frame.ts';

/** What clear bytes were, that met TLS and that Netty logged. */
export interface ClearBytes {
  readonly text: string;
  /** Name that a Flink process gives itself. */
  readonly claimed?: string;
}

const LENGTH_BYTES = 4;
/** Magic of shuffle messages, behind their length (`NettyMessage`). */
const SHUFFLE_MAGIC = 'badc0ffe';
/** Hexadecimal digits that are looked at: heads of messages, no data. */
const MAX_DIGITS = 1024;

/** Decodes the bytes of `NotSslRecordException: not an SSL/TLS record: HEX`: their heads are told, never themselves. */
export function readClearBytes(text: string): ClearBytes | undefined {
  const hex = /not an SSL\/TLS record: ([0-9a-f]+)/.exec(text)?.[1]?.slice(0, MAX_DIGITS);
  if (hex === undefined) return undefined;
  if (hex.slice(LENGTH_BYTES * 2, LENGTH_BYTES * 2 + SHUFFLE_MAGIC.length) === SHUFFLE_MAGIC) {
    return { text: 'a shuffle message of a TaskManager in clear' };
  }
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length > LENGTH_BYTES) {
    const end = LENGTH_BYTES + bytes.readUInt32BE(0);
    const associate = end <= bytes.length ? readAssociate(bytes, LENGTH_BYTES, end) : undefined;
    if (associate !== undefined) {
      const { system, host, port, protocol } = associate;
      return {
        text: `a Flink process in clear that calls itself ${system}@${host}:${port} (${protocol})`,
        claimed: host,
      };
    }
  }
  return {
    text: /^(?:47455420|504f5354|48454144|50555420|4f505449)/.test(hex) ? 'an HTTP request' : 'no protocol of Flink',
  };
}
