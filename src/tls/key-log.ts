import { fromHex, toHex } from '../bytes/hex.ts';

/** About 250 bytes each; the bound keeps a key log of a long-lived process from filling the memory. */
export const KEY_LOG_SECRETS_MAX = 500_000;
/** Damaged lines that are told one by one. */
export const KEY_LOG_PROBLEMS_MAX = 20;

/** Octets of a secret: master secrets of TLS 1.2 have 48, traffic secrets the length of SHA-256 or SHA-384. */
const MASTER_SECRET_LENGTHS: readonly number[] = [48];
const TRAFFIC_SECRET_LENGTHS: readonly number[] = [32, 48];

/** Labels of draft-ietf-tls-keylogfile section 2, and the lengths of their secrets. */
const LABELS: ReadonlyMap<string, readonly number[]> = new Map([
  ['CLIENT_RANDOM', MASTER_SECRET_LENGTHS],
  ['CLIENT_EARLY_TRAFFIC_SECRET', TRAFFIC_SECRET_LENGTHS],
  ['EARLY_EXPORTER_SECRET', TRAFFIC_SECRET_LENGTHS],
  ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', TRAFFIC_SECRET_LENGTHS],
  ['SERVER_HANDSHAKE_TRAFFIC_SECRET', TRAFFIC_SECRET_LENGTHS],
  ['CLIENT_TRAFFIC_SECRET_0', TRAFFIC_SECRET_LENGTHS],
  ['SERVER_TRAFFIC_SECRET_0', TRAFFIC_SECRET_LENGTHS],
  ['EXPORTER_SECRET', TRAFFIC_SECRET_LENGTHS],
]);

/** `label`, a space, 32 octets of the ClientHello's random, a space, the secret; nothing else counts as a line. */
const LINE = /^([A-Z][A-Z0-9_]*) ([0-9A-Fa-f]+) ([0-9A-Fa-f]+)$/;

/**
 * Secrets of TLS connections in the NSS key log format (SSLKEYLOGFILE, draft-ietf-tls-keylogfile), as found in files
 * and in the Decryption Secrets Blocks of pcapng.
 *
 * Secrets never appear in messages: damaged lines are told by their number.
 */
export class KeyLog {
  readonly #secrets = new Map<string, Uint8Array>();
  readonly #problems: string[] = [];
  #damaged = 0;

  /** Number of secrets. */
  get size(): number {
    return this.#secrets.size;
  }

  /** Lines that could not be used, at most {@link KEY_LOG_PROBLEMS_MAX} by number, then their count. */
  get problems(): readonly string[] {
    const rest = this.#damaged - this.#problems.length;
    return rest > 0 ? [...this.#problems, `${rest} more lines could not be used`] : this.#problems;
  }

  /**
   * Adds whole lines, ended by LF, CRLF or CR. Later secrets of the same label and random replace earlier ones.
   *
   * @param text lines; numbers in `problems` count from its start
   * @returns `ignored` counts lines with other labels, secrets known before, and damaged lines, but not comments
   */
  add(text: string): { added: number; ignored: number } {
    let added = 0;
    let ignored = 0;
    for (const [i, raw] of text.split(/\r\n|\n|\r/).entries()) {
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) continue;
      if (this.#addLine(line, i + 1)) added++;
      else ignored++;
    }
    return { added, ignored };
  }

  #addLine(line: string, number: number): boolean {
    const match = LINE.exec(line);
    if (match === null) return this.#refuse(number, 'not a label and two hexadecimal values');
    const [, label, random, secret] = match;
    const lengths = LABELS.get(label!);
    if (lengths === undefined) return false;
    if (random!.length !== 64) return this.#refuse(number, 'the client random is not 32 octets');
    if (!lengths.includes(secret!.length / 2)) {
      return this.#refuse(number, `the secret is not ${lengths.join(' or ')} octets`);
    }
    const key = `${label} ${random!.toLowerCase()}`;
    const known = this.#secrets.get(key);
    if (known !== undefined && toHex(known) === secret!.toLowerCase()) return false;
    if (known === undefined && this.#secrets.size >= KEY_LOG_SECRETS_MAX) {
      return this.#refuse(number, `more than ${KEY_LOG_SECRETS_MAX} secrets`);
    }
    this.#secrets.set(key, fromHex(secret!));
    return true;
  }

  #refuse(number: number, why: string): false {
    this.#damaged++;
    if (this.#problems.length < KEY_LOG_PROBLEMS_MAX) this.#problems.push(`line ${number}: ${why}`);
    return false;
  }

  /** The secret of a label, for the connection whose ClientHello has this random of 32 octets. */
  find(label: string, clientRandom: Uint8Array): Uint8Array | undefined {
    return this.#secrets.get(`${label} ${toHex(clientRandom)}`);
  }
}
