import { setMaxListeners } from 'node:events';
import { ExitCode } from './exit-code.ts';

/** Tells a run that it was asked to end. */
export interface Stop {
  readonly signal: AbortSignal;
  /** Exit code of the signal that came, if one did. */
  code(): number | undefined;
  release(): void;
}

/** The first SIGINT or SIGTERM ends the run, and the report is still written; the second one kills. */
export function stopOnSignals(): Stop {
  const controller = new AbortController();
  // Every open connection listens.
  setMaxListeners(0, controller.signal);
  let code: number | undefined;
  const heard = (signal: NodeJS.Signals): void => {
    code = signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated;
    controller.abort();
    release();
  };
  const release = (): void => {
    process.off('SIGINT', heard);
    process.off('SIGTERM', heard);
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return { signal: controller.signal, code: () => code, release };
}
