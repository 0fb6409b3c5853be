import { createSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { enterOwnNetwork } from '../support/own-network.ts';
import { temporary } from '../support/temporary.ts';
import { askedRun, get, hasSignals, placeOf, ran, ready, silent, startIn, statusOf } from './daemon-process.ts';

/**
 * The daemon as a process in a network of its own, whose only name server is ours (RFC 1035): what it answers, or does
 * not answer, is the test's.
 */

t.setTimeout(120_000);

const SERVER = '10.77.9.1';
const FORMAT_HEADER = 12;
/** Response codes, RFC 1035 section 4.1.1. */
const RCODE = { found: 0, 'server-failure': 2, 'no-such-name': 3 } as const;
type Mode = keyof typeof RCODE | 'silent';

/** Answers questions for addresses with 127.0.0.1, or as its mode says. */
async function nameServer(): Promise<{ mode: Mode; readonly asked: string[]; readonly close: () => void }> {
  const socket = createSocket('udp4');
  const made = { mode: 'found' as Mode, asked: [] as string[], close: () => void socket.close() };
  socket.on('message', (query, { address, port }) => {
    const labels: string[] = [];
    let at = FORMAT_HEADER;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const end = at + 5;
    const isAddress = query.readUInt16BE(at + 1) === 1;
    made.asked.push(labels.join('.'));
    if (made.mode === 'silent') return;
    const header = Buffer.from(query.subarray(0, FORMAT_HEADER));
    const answers = made.mode === 'found' && isAddress ? 1 : 0;
    header.writeUInt16BE(0x8180 | RCODE[made.mode], 2);
    header.writeUInt16BE(answers, 6);
    header.writeUInt16BE(0, 8);
    header.writeUInt16BE(0, 10);
    // A pointer to the name of the question; type A, class IN, for no second; four octets.
    const record = Buffer.from([0xc0, FORMAT_HEADER, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    socket.send(
      Buffer.concat([header, query.subarray(FORMAT_HEADER, end), ...(answers === 1 ? [record] : [])]),
      port,
      address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(53, SERVER, resolve));
  return made;
}

const lacking = enterOwnNetwork(import.meta.url);

t.test(
  'names that fail, are unknown, or are never answered: a run that says so each time, and the next one is whole again',
  { skip: lacking ?? hasSignals.skip ?? false },
  async (t) => {
    const names = await nameServer();
    t.teardown(names.close);
    const port = await silent(t);
    const place = placeOf();
    place.write(`  - { name: prod, schedule: none, timeout: 1s, targets: ["rest=flink.example:${port}"] }\n`);
    const etc = path.join(temporary(), 'etc');
    mkdirSync(etc);
    writeFileSync(path.join(etc, 'resolv.conf'), `nameserver ${SERVER}\noptions timeout:1 attempts:1\n`);
    writeFileSync(path.join(etc, 'nsswitch.conf'), 'hosts: files dns\n');
    const bound = `mount --bind ${etc}/resolv.conf /etc/resolv.conf && mount --bind ${etc}/nsswitch.conf /etc/nsswitch.conf && exec "$@"`;
    const one = await startIn({ within: ['unshare', '--mount', 'sh', '-c', bound, 'sh'] }, t, place);
    await ran(one, 1);
    t.ok(names.asked.includes('flink.example'), names.asked.join(' '));
    const found = await seen();
    t.strictSame(found, { host: '127.0.0.1', because: 'silent' }, 'it was found, and dialled');
    for (const mode of ['server-failure', 'no-such-name', 'silent'] as const) {
      names.mode = mode;
      names.asked.splice(0);
      const report = await seen(await askedRun(one));
      t.ok(names.asked.length > 0, `${mode}: it was asked`);
      t.strictSame(report, { host: 'flink.example', because: 'unresolved' }, mode);
      await ready(one, 200);
    }
    names.mode = 'found';
    t.strictSame(await seen(await askedRun(one)), found, 'as before');
    t.equal((await statusOf(one)).clusters[0]?.problem, undefined);
    one.child.kill('SIGTERM');
    t.equal(await one.ended, 0);

    async function seen(id?: string): Promise<unknown> {
      const list = await get<{ readonly items: readonly { readonly id: string }[] }>(`${one.url}/api/v1/runs`);
      const report = await get<Pick<Report, 'observations' | 'complete'>>(
        `${one.url}/api/v1/runs/${id ?? list.items[0]!.id}/report`,
      );
      t.equal(report.complete, true);
      const [only, ...others] = report.observations;
      t.equal(others.length, 0);
      return { host: only?.server.host, because: only !== undefined && 'because' in only ? only.because : undefined };
    }
  },
);
