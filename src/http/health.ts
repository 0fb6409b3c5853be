import type { Control } from '../daemon/control.ts';
import { json, text } from './answer.ts';

/** Alive: this process answers. Whether it does what it should is another question. */
export function healthy(): Response {
  return text('ok\n');
}

/** `problems` are for who may read; others (a kubelet) are told how many there are. */
export function ready(control: Control, mayRead: boolean): Response {
  const { ready: isReady, lateMs, problems } = control.readiness();
  const body = {
    ready: isReady,
    lateSeconds: lateMs / 1000,
    problems: mayRead ? problems : [],
    count: problems.length,
  };
  return json(body, isReady ? 200 : 503);
}
