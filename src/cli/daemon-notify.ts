import type { DaemonMeans } from '../daemon/daemon.ts';
import { Notifier } from '../daemon/notify/notifier.ts';
import type { SecretSetting } from '../daemon/settings.ts';
import { readSecret } from './secrets.ts';

/**
 * Lets the sinks of the settings know what the daemon finds: settings, stored runs, and runs that could not be made. They
 * end before the store is closed; what is not delivered by then is at the next start.
 */
export function withNotifications(means: DaemonMeans): DaemonMeans {
  const { store, log, clock, random, waivers } = means;
  const notifier = new Notifier({ store, log, clock, random, waivers, readSecret: secretOf });
  return {
    ...means,
    failed: (cluster, problem) => {
      means.failed?.(cluster, problem);
      notifier.runFailed(cluster, problem);
    },
    committed: (run, transitions, settings) => {
      means.committed(run, transitions, settings);
      notifier.committed(run, transitions);
    },
    applied: (loaded) => {
      means.applied(loaded);
      notifier.apply(loaded.settings);
    },
    ending: async () => {
      await notifier.stop();
      await means.ending?.();
    },
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
