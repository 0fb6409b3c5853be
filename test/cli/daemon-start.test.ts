import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { openStore } from '../../src/daemon/store/store.ts';
import { placeOf, QUICK, run } from './daemon-process.ts';

/** The daemon as a process: what keeps it from starting. */

t.test('a store that cannot be used gives exit 3 and a sentence', async (t) => {
  const damaged = placeOf();
  damaged.write(QUICK);
  writeFileSync(damaged.store, 'no database at all, but something that somebody wrote there'.repeat(100));
  const first = run(t, ['--config', damaged.settings, '--listen', '127.0.0.1:0'], damaged.folder);
  t.equal(await first.ended, 3);
  t.match(first.log(), /^flinkprobe: state: .*history\.db: .*put a copy back or move the file away/m);
  const locked = placeOf();
  locked.write(QUICK);
  const holder = openStore({ path: locked.store });
  const second = run(t, ['--config', locked.settings, '--listen', '127.0.0.1:0'], locked.folder);
  t.equal(await second.ended, 3);
  holder.close();
  t.match(second.log(), /^flinkprobe: state: .*history\.db: /m);
  const folder = placeOf();
  folder.write(QUICK);
  mkdirSync(folder.store);
  const third = run(t, ['--config', folder.settings, '--listen', '127.0.0.1:0'], folder.folder);
  t.equal(await third.ended, 3);
  t.match(third.log(), /^flinkprobe: state: /m);
});

t.test('wrong settings, flags and addresses give exit 3 and nothing is begun', async (t) => {
  const place = placeOf();
  place.write(QUICK, 'conections: 4\n');
  const first = run(t, ['--config', place.settings], place.folder);
  t.equal(await first.ended, 3);
  t.match(first.log(), /flinkprobe\.yaml:3:1: "conections" is no key here \(connections\?\)/);
  place.write(QUICK);
  const second = run(t, ['--config', place.settings, '--log.levl', 'debug'], place.folder);
  t.equal(await second.ended, 3);
  t.match(second.log(), /--log\.levl: is no option of the daemon \(--log\.level\?\)/);
  const third = run(t, ['--config', place.settings, '--web.listen', '0.0.0.0:0'], place.folder);
  t.equal(await third.ended, 3);
  t.match(third.log(), /web\.listen: 0\.0\.0\.0 is reachable from elsewhere/);
});
