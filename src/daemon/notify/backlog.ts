import type { Message } from '../types.ts';
import { ALERTS_MOST } from './message.ts';

/** Notifications that stand in the outbox for one sink, at most; and characters of them, where the last may go beyond. */
export const BACKLOG_MOST = 500;
export const BACKLOG_CHARACTERS_MOST: number = 16 * 1024 * 1024;

/** What waits in the outbox for one sink. */
export class Backlog {
  #messages = 0;
  #characters = 0;

  get messages(): number {
    return this.#messages;
  }

  /** Alerts that may still be written to the outbox. */
  get room(): number {
    if (this.#characters >= BACKLOG_CHARACTERS_MOST) return 0;
    return Math.max(0, BACKLOG_MOST - this.#messages) * ALERTS_MOST;
  }

  /** What the outbox holds now. */
  set(messages: readonly Pick<Message, 'body'>[]): void {
    this.#messages = messages.length;
    this.#characters = messages.reduce((sum, { body }) => sum + body.length, 0);
  }

  added({ body }: Pick<Message, 'body'>): void {
    this.#messages += 1;
    this.#characters += body.length;
  }

  left({ body }: Pick<Message, 'body'>): void {
    this.#messages = Math.max(0, this.#messages - 1);
    this.#characters = Math.max(0, this.#characters - body.length);
  }
}
