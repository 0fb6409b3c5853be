/**
 * Finds many literals in one pass (Aho and Corasick 1975): a table says, for state and byte, the next state.
 *
 * States are numbered so that those at which a literal ends come last: one comparison a byte finds them. The newline is
 * a literal too, and leads to the start from everywhere.
 */
export interface Automaton {
  /** `next[(state << 8) | byte]`; the start is state 0. */
  readonly next: Uint16Array;
  /** States from this one on end a literal or a line. */
  readonly firstEnd: number;
}

const NEWLINE = 0x0a;
const BYTES = 256;

/** Throws `RangeError` for literals that are empty, hold a newline, or are too many for 16 bits. */
export function automatonOf(literals: readonly string[]): Automaton {
  const encoder = new TextEncoder();
  const words = literals.map((literal) => encoder.encode(literal));
  if (words.some((word) => word.length === 0 || word.includes(NEWLINE))) {
    throw new RangeError('a literal is empty or holds a newline');
  }
  const trie = trieOf([...words, Uint8Array.of(NEWLINE)]);
  link(trie);
  return renumbered(trie);
}

interface Trie {
  readonly next: Int32Array[];
  readonly isEnd: boolean[];
}

function trieOf(words: readonly Uint8Array[]): Trie {
  const trie: Trie = { next: [new Int32Array(BYTES).fill(-1)], isEnd: [false] };
  for (const word of words) {
    let state = 0;
    for (const byte of word) {
      let child = trie.next[state]![byte]!;
      if (child === -1) {
        child = trie.next.push(new Int32Array(BYTES).fill(-1)) - 1;
        trie.isEnd.push(false);
        trie.next[state]![byte] = child;
      }
      state = child;
    }
    trie.isEnd[state] = true;
  }
  if (trie.next.length > 0xffff) throw new RangeError('too many literals');
  return trie;
}

/** Breadth first: where a state has no way on, the longest suffix that is a state goes on. */
function link({ next, isEnd }: Trie): void {
  const fallback = new Int32Array(next.length);
  const queue: number[] = [];
  const root = next[0]!;
  for (let byte = 0; byte < BYTES; byte++) {
    const child = root[byte]!;
    if (child === -1) root[byte] = 0;
    else queue.push(child);
  }
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at]!;
    const own = next[state]!;
    const other = next[fallback[state]!]!;
    if (isEnd[fallback[state]!]) isEnd[state] = true;
    for (let byte = 0; byte < BYTES; byte++) {
      const child = own[byte]!;
      if (child === -1) own[byte] = other[byte]!;
      else {
        fallback[child] = other[byte]!;
        queue.push(child);
      }
    }
  }
}

function renumbered({ next, isEnd }: Trie): Automaton {
  const inner = next.map((_, state) => state).filter((state) => !isEnd[state]);
  const order = [...inner, ...next.map((_, state) => state).filter((state) => isEnd[state])];
  const numbers = new Uint16Array(next.length);
  for (const [number, state] of order.entries()) numbers[state] = number;
  const table = new Uint16Array(next.length * BYTES);
  for (const [number, state] of order.entries()) {
    const row = next[state]!;
    for (let byte = 0; byte < BYTES; byte++) table[number * BYTES + byte] = numbers[row[byte]!]!;
  }
  return { next: table, firstEnd: inner.length };
}
