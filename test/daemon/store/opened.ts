import path from 'node:path';
import type { Test } from 'tap';
import { openStore } from '../../../src/daemon/store/store.ts';
import type { Store } from '../../../src/daemon/types.ts';
import { temporary } from '../../support/temporary.ts';

/** A history of its own in a folder that is yet to be made, until the test has ended. */
export function opened(t: Pick<Test, 'teardown'>, file: string = path.join(temporary(), 'state', 'history.db')): Store {
  const store = openStore({ path: file });
  t.teardown(() => store.close());
  return store;
}
