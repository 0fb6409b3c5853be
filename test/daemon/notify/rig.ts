import { Bench, settingsOf, webhook } from './bench.ts';
import { type Receiver, receiver } from './receiver.ts';

/** Seconds. */
export const HOUR = 3600;

/** A test, for what it has to clean up. */
interface Teardown {
  teardown(work: () => Promise<void>): void;
}

export interface Rig {
  readonly bench: Bench;
  readonly hook: Receiver;
}

export async function rig(t: Teardown, change: Parameters<typeof webhook>[1] = {}): Promise<Rig> {
  const [bench, hook] = [new Bench(), await receiver()];
  t.teardown(async () => {
    await bench.end();
    await hook.close();
  });
  bench.notifier.apply(settingsOf([webhook(hook.url, change)]));
  return { bench, hook };
}

/** `opened tm-1-strangers`, in the order of arrival. */
export function told({ received }: Receiver): readonly string[] {
  return received.flatMap(({ body }) =>
    body.alerts.map(
      (one: { fingerprint: string; annotations: { reason: string } }) => `${one.annotations.reason} ${one.fingerprint}`,
    ),
  );
}
