import type { HandshakeResult } from './types.ts';

/** What a handshake ended with; the rest of the result is what was learnt before. */
export type EndingFacts = Pick<HandshakeResult, 'end'> &
  Partial<Pick<HandshakeResult, 'refusal' | 'firstBytes' | 'problem'>>;

/** Ends a handshake from wherever it stands; `handshake` catches it. No error of the caller's. */
export class Ending extends Error {
  override readonly name = 'Ending';
  readonly facts: EndingFacts;

  constructor(facts: EndingFacts) {
    super(facts.problem ?? facts.end);
    this.facts = facts;
  }
}

/** The server broke the protocol, or what it said does not verify. */
export function malformed(problem: string): Ending {
  return new Ending({ end: 'malformed', problem });
}

/** The flight was read, and this is as far as we can go. */
export function flightOnly(problem?: string): Ending {
  return new Ending({ end: 'flight', ...(problem === undefined ? {} : { problem }) });
}
