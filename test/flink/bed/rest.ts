import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { spawn } from './command.ts';
import type { Network } from './network.ts';
import type { AgentAnswer, AgentRequest } from './rest-agent.ts';

/** How REST wants to be asked. */
export interface RestAccess {
  readonly base: string;
  readonly ca?: string;
  readonly identity?: { readonly certificate: string; readonly key: string };
}

/** A client of REST endpoints that runs as the prober. */
export interface Rest {
  get(access: RestAccess, path: string): Promise<AgentAnswer>;
  post(access: RestAccess, path: string, content: { json: unknown } | { jar: string }): Promise<AgentAnswer>;
  close(): void;
}

export function restClient(network: Network): Rest {
  const agent = fileURLToPath(new URL('./rest-agent.js', import.meta.url));
  const [program, ...args] = network.as('prober', [process.execPath, agent]);
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, (answer: AgentAnswer) => void>();
  let last = 0;
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const answer = JSON.parse(line) as AgentAnswer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  child.on('exit', () => {
    for (const [id, resolve] of waiting) resolve({ id, error: 'the asking process is gone' });
    waiting.clear();
  });
  const send = (asked: Omit<AgentRequest, 'id'>): Promise<AgentAnswer> =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      child.stdin!.write(`${JSON.stringify({ id, ...asked })}\n`);
    });
  const how = ({ ca, identity }: RestAccess): Pick<AgentRequest, 'ca' | 'identity'> => ({
    ...(ca ? { ca } : {}),
    ...(identity ? { identity } : {}),
  });
  return {
    get: (access, path) => send({ method: 'GET', url: `${access.base}${path}`, ...how(access) }),
    post: (access, path, content) => send({ method: 'POST', url: `${access.base}${path}`, ...content, ...how(access) }),
    close: () => child.kill('SIGKILL'),
  };
}

/** The JSON of a good answer; undefined otherwise. */
export function jsonOf<T>(answer: AgentAnswer): T | undefined {
  if (answer.status !== 200 && answer.status !== 202) return undefined;
  return JSON.parse(answer.body ?? '') as T;
}
