import type { DaemonMeans } from '../daemon/daemon.ts';
import { Notifier } from '../daemon/notify/notifier.ts';
import { secretOf } from './secret-settings.ts';

/**
 * Lets the sinks of the settings know what the daemon finds: settings, stored runs, and runs that could not be made. They
 * end before the store is closed; what is not delivered by then is at the next start.
 */
export function withNotifications(means: DaemonMeans): DaemonMeans {
  const { store, log, clock, random, waivers } = means;
  const notifier = new Notifier({
    store,
    log,
    clock,
    random,
    waivers,
    readSecret: (secret) => secretOf('notify', secret),
  });
  return {
    ...means,
    notifications: () => notifier.figures,
    failed: (cluster, problem) => {
      means.failed?.(cluster, problem);
      notifier.runFailed(cluster, problem);
    },
    wire: (cluster, problem) => {
      means.wire?.(cluster, problem);
      notifier.wire(cluster, problem);
    },
    committed: (run, transitions) => {
      means.committed?.(run, transitions);
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
