import { isLikelyRecordHeader, RECORD_HEADER_LENGTH } from './record.ts';

/** Carry of one search. A chain of two records of any legal length and a third header needs 36,879 bytes. */
export const SEARCH_CARRY_MAX = 65_536;

/** Headers in a row, of one version, that are believed; two are enough where they end with the segment. */
const CHAIN_LENGTH = 3;

export interface SearchStep {
  /** First byte that was not taken over. */
  readonly next: number;
  /** Bytes given up. */
  readonly dropped: number;
  /** Bytes from the first header of the chain on: a copy. */
  readonly found: Uint8Array | undefined;
  readonly foundOffset: number;
}

/**
 * Finds the next plausible chain of record headers after a loss of framing.
 *
 * Holds at most {@link SEARCH_CARRY_MAX} bytes, however long it takes.
 */
export class RecordSearch {
  #carry = new Uint8Array(4096);
  #length = 0;
  #scanned = 0;
  #carryOffset = 0;
  /** Bytes seen by this search. */
  searched = 0;

  /** Forgets what it holds; the number of bytes. */
  drop(): number {
    const dropped = this.#length;
    this.#length = 0;
    this.#scanned = 0;
    return dropped;
  }

  /** Takes over as much as the carry has room for. */
  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number): SearchStep {
    if (this.#length === 0) {
      this.#carryOffset = streamOffset;
    }
    const next = Math.min(end, start + SEARCH_CARRY_MAX - this.#length);
    this.#append(bytes.subarray(start, next));
    this.searched += next - start;
    if (this.#scan(next === end)) {
      const found = this.#carry.slice(this.#scanned, this.#length);
      const foundOffset = this.#carryOffset + this.#scanned;
      const dropped = this.#scanned;
      this.drop();
      return { next, dropped, found, foundOffset };
    }
    return { next, dropped: this.#forgetScanned(), found: undefined, foundOffset: 0 };
  }

  #append(part: Uint8Array): void {
    const needed = this.#length + part.length;
    if (needed > this.#carry.length) {
      const larger = new Uint8Array(Math.min(SEARCH_CARRY_MAX, Math.max(needed, this.#carry.length * 2)));
      larger.set(this.#carry.subarray(0, this.#length));
      this.#carry = larger;
    }
    this.#carry.set(part, this.#length);
    this.#length = needed;
  }

  /** Moves `#scanned` to the first header of a chain, or to the first byte that more bytes may still prove. */
  #scan(atSegmentEnd: boolean): boolean {
    const carry = this.#carry;
    while (this.#scanned + RECORD_HEADER_LENGTH <= this.#length) {
      if (carry[this.#scanned + 1] === 3) {
        const chain = chainAt(carry, this.#scanned, this.#length, atSegmentEnd);
        if (chain !== 'no') {
          return chain === 'yes';
        }
      }
      this.#scanned++;
    }
    return false;
  }

  #forgetScanned(): number {
    const dropped = this.#scanned;
    this.#carry.copyWithin(0, dropped, this.#length);
    this.#length -= dropped;
    this.#carryOffset += dropped;
    this.#scanned = 0;
    return dropped;
  }
}

function chainAt(bytes: Uint8Array, at: number, length: number, atSegmentEnd: boolean): 'yes' | 'no' | 'open' {
  let position = at;
  for (let headers = 0; headers < CHAIN_LENGTH; headers++) {
    if (position + RECORD_HEADER_LENGTH > length) {
      return headers === CHAIN_LENGTH - 1 && position === length && atSegmentEnd ? 'yes' : 'open';
    }
    const sameVersion = bytes[position + 2] === bytes[at + 2];
    if (!sameVersion || !isLikelyRecordHeader(bytes, position)) {
      return 'no';
    }
    position += RECORD_HEADER_LENGTH + ((bytes[position + 3]! << 8) | bytes[position + 4]!);
  }
  return 'yes';
}
