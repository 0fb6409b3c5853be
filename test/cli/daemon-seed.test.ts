import path from 'node:path';
import t from 'tap';
import { embeddedDefault } from '../../src/cli/daemon-default.ts';
import { seed } from '../../src/cli/daemon-parts.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import { temporary } from '../support/temporary.ts';

t.test('the recorded cluster begins with the run before its restart, and a mark of the restart', async (t) => {
  const folder = temporary();
  const store = openStore({ path: path.join(folder, 'history.db') });
  t.teardown(() => store.close());
  const loaded = await embeddedDefault(folder, 'absent');
  const [cluster] = loaded.settings.clusters;
  for (const time of ['once', 'and not again']) {
    await seed(loaded, store, () => undefined);
    const runs = store.runs(cluster!.name, { limit: 10 });
    t.equal(runs.length, 1, time);
    const happenings = store.happenings(cluster!.name, { limit: 10 });
    t.match(happenings, [{ kind: 'restart', text: /restarted, and lost TLS/ }], time);
    t.equal(happenings.length, 1, time);
  }
});
