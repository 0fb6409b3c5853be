import { FlinkRest } from '../../src/net/flink-rest.ts';
import { RestFailure } from '../../src/net/flink-rest-failure.ts';
import type { RestAccess } from '../../src/net/flink-rest-types.ts';
import { type RestAnswers, type RestServer, serveRest } from '../support/flink-rest-server.ts';

/** Asks a stand-in and ends both. */
export async function asking<Result>(
  answers: RestAnswers,
  ask: (rest: FlinkRest, server: RestServer) => Promise<Result>,
  access: Partial<RestAccess> = {},
): Promise<Result> {
  const server = await serveRest(answers);
  const rest = new FlinkRest({ url: server.url, timeoutMs: 2000, ...access });
  try {
    return await ask(rest, server);
  } finally {
    await rest.close();
    await server.close();
  }
}

/** What a question fails with. */
export async function faultOf(asked: Promise<unknown>): Promise<RestFailure> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof RestFailure) return error;
    throw error;
  }
  throw new Error('no failure');
}
