import { setImmediate as turn } from 'node:timers/promises';
import type { Control } from '../daemon/control.ts';
import { HttpFault } from './fault.ts';
import { Query } from './query.ts';

/** Exports at once: each reads the whole history. */
export interface ExportSlots {
  taken: number;
  readonly most: number;
}

/**
 * The whole history, one JSON object a line, as `exportLines` of the store has it. What is kept meanwhile may be in it.
 * A store that fails on the way cuts the answer off before its end, which chunked encoding shows.
 *
 * @throws HttpFault 400; 503 where others are at it
 */
export function history({ store }: Control, request: Request, slots: ExportSlots): Response {
  new Query(request, []);
  const headers = {
    'content-type': 'application/jsonl; charset=utf-8',
    'content-disposition': 'attachment; filename="flinkprobe-history.jsonl"',
    'cache-control': 'no-store',
  };
  if (request.method === 'HEAD') return new Response(null, { headers });
  if (slots.taken >= slots.most) {
    throw new HttpFault(503, 'the history is being exported already', { 'retry-after': '30' });
  }
  const lines = store.exportLines()[Symbol.iterator]();
  // Before the answer begins: a store that cannot be read is still told as that.
  let line = lines.next();
  slots.taken += 1;
  let state: 'open' | 'ended' = 'open';
  const end = (): void => {
    if (state === 'open') slots.taken -= 1;
    state = 'ended';
  };
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Reports are large: others have their turn.
        await turn();
        if (state === 'ended') return;
        if (line.done === true) {
          end();
          controller.close();
          return;
        }
        controller.enqueue(encoder.encode(`${line.value}\n`));
        try {
          line = lines.next();
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel() {
        end();
        lines.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers });
}
