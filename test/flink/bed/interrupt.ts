/** What has to be undone when the run is cut short: processes, namespaces, folders. */

type Undo = () => Promise<void>;

const undone = new Set<Undo>();
let ending = false;

/** Registers what an interrupt has to undo; the returned function takes it back. */
export function atInterrupt(undo: Undo): () => void {
  undone.add(undo);
  return () => undone.delete(undo);
}

/** Never resolves once an interrupt is being dealt with: whoever asks has nothing to do any more. */
export async function interrupted(): Promise<void> {
  if (ending) await new Promise(() => {});
}

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** From now on a signal ends the run with everything undone, newest first; a second one ends it at once. */
export function endCleanly(): void {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, async () => {
      if (ending) process.exit(code);
      ending = true;
      process.stderr.write(`${signal}: ending the processes of the cluster\n`);
      for (const undo of [...undone].reverse()) await undo().catch(() => {});
      process.exit(code);
    });
  }
}
