import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import {
  askedRun,
  get,
  type Place,
  placeOf,
  ran,
  ready,
  type Started,
  startIn,
  statusOf,
  until,
} from './daemon-process.ts';

/**
 * The daemon as a process under a clock that is set: libfaketime (https://github.com/wolfcw/libfaketime, Debian's
 * `faketime`) moves what the system tells of the time of day, and leaves the monotonic clock alone.
 */

t.setTimeout(120_000);
t.jobs = 2;

const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((file) => existsSync(file));
const skip = { skip: LIBRARY === undefined ? 'libfaketime not found' : false };

interface Clock {
  readonly one: Started;
  /** Seconds by which the clock is off from now on. */
  readonly set: (seconds: number) => void;
}

async function underClock(t: Test, place: Place): Promise<Clock> {
  const file = path.join(place.folder, 'clock');
  let changes = 0;
  const set = (seconds: number): void => {
    writeFileSync(file, `${seconds < 0 ? '' : '+'}${seconds}s\n`);
    // It is read anew where its time of change is another one.
    changes += 1;
    utimesSync(file, changes, changes);
  };
  set(0);
  const environment = {
    LD_PRELOAD: LIBRARY!,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_RESET: '1',
  };
  return { one: await startIn({ environment }, t, place), set };
}

/** Texts of what happened to the clock. */
async function jumps({ url }: Started): Promise<readonly string[]> {
  const { items } = await get<{ readonly items: readonly { readonly kind: string; readonly text: string }[] }>(
    `${url}/api/v1/happenings?limit=100`,
  );
  return items.filter(({ kind }) => kind === 'clock-jump').map(({ text }) => text);
}

for (const { what, seconds } of [
  { what: 'forward by three days', seconds: 3 * 86_400 },
  { what: 'back by three days', seconds: -3 * 86_400 },
]) {
  t.test(`a clock that is set ${what} is told, and runs go on by it`, { ...skip, buffered: true }, async (t) => {
    const place = placeOf();
    place.write('  - { name: prod, schedule: { every: 5s }, timeout: 200ms, targets: ["rest=127.0.0.1:1"] }\n');
    const { one, set } = await underClock(t, place);
    await ran(one, 1);
    const before = Date.parse((await statusOf(one)).now);
    set(seconds);
    const after = Date.parse((await statusOf(one)).now);
    t.ok(Math.abs(after - before - seconds * 1000) < 60_000, `${(after - before) / 1000} s`);
    await until(async () => ((await jumps(one)).length > 0 ? true : undefined), one.log);
    // Two more by the schedule: nobody waits for three days, and none is made for each slot that was passed over.
    await ran(one, 3);
    await ready(one, 200);
    const { clusters } = await statusOf(one);
    const next = Date.parse(clusters[0]!.nextRunAt!) - Date.parse((await statusOf(one)).now);
    t.ok(next <= 5000, `the next one in ${next} ms`);
    const list = await get<{ readonly items: readonly unknown[] }>(`${one.url}/api/v1/runs?limit=100`);
    t.ok(list.items.length < 30, `${list.items.length} runs, and not one for each that was passed over`);
    const id = await askedRun(one);
    const newest = await get<{ readonly items: readonly { readonly id: string }[] }>(`${one.url}/api/v1/runs?limit=1`);
    t.equal(newest.items[0]?.id, id, 'what was kept last is newest, whatever the clock says');
    t.equal((await jumps(one)).length, 1, (await jumps(one)).join('; '));
    one.child.kill('SIGTERM');
    t.equal(await one.ended, 0);
  });
}
