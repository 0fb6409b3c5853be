import type { DaemonMeans } from '../daemon/daemon.ts';
import { Notifier } from '../daemon/notify/notifier.ts';
import type { SecretSetting } from '../daemon/settings.ts';
import { readSecret } from './secrets.ts';

export interface Notifying {
  /** The same, with sinks that are told of settings, of stored runs, and of runs that failed. */
  readonly means: DaemonMeans;
  /** To be called before the store is closed; what is not delivered by then is at the next start. */
  readonly stop: () => Promise<void>;
}

/** Lets the sinks of the settings know what the daemon finds. */
export function withNotifications(means: DaemonMeans): Notifying {
  const { store, log, clock, random, waivers } = means;
  const notifier = new Notifier({ store, log, clock, random, waivers, readSecret: secretOf });
  return {
    means: {
      ...means,
      run: async (request) => {
        try {
          return await means.run(request);
        } catch (error) {
          if (!request.signal.aborted) notifier.runFailed(request.settings.name, (error as Error).message);
          throw error;
        }
      },
      committed: (run, transitions, settings) => {
        means.committed(run, transitions, settings);
        notifier.committed(run, transitions);
      },
      applied: (loaded) => {
        means.applied(loaded);
        notifier.apply(loaded.settings);
      },
    },
    stop: () => notifier.stop(),
  };
}

function secretOf(secret: SecretSetting): string {
  switch (secret.kind) {
    case 'file':
      return readSecret('notify', { file: secret.path });
    case 'credential':
      return readSecret('notify', { file: `credential:${secret.name}` });
    case 'environment':
      return readSecret('notify', { env: secret.name });
  }
}
