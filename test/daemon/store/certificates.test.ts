import t from 'tap';
import type { StoreSighting, StoresRead } from '../../../src/daemon/types.ts';
import type { Observation } from '../../../src/model/report.ts';
import { tlsDetails } from '../../support/sample-report.ts';
import { asked, numbered, runId, runOf, unanswered } from '../cluster-report.ts';
import { opened } from './opened.ts';

const settings = { resolveAfter: 1 };

t.test('certificates are known by place, and gone when their place shows others', (t) => {
  const store = opened(t);
  const serving = (number: number): ReturnType<typeof tlsDetails> =>
    tlsDetails({
      serverCertificate: { seen: 'present', truncated: false, chain: [numbered(number), numbered(100)] },
      clientCertificate: { seen: 'absent' },
    });
  const both = (first: number): ReturnType<typeof asked>[] => [
    asked('tm-1', { tls: serving(first) }),
    asked('tm-2', { tls: serving(1) }),
  ];
  store.commit(runOf(1, { observations: both(1) }), settings);
  t.equal(store.certificates('prod').length, 4, 'leaf and authority of two members');
  store.commit(runOf(2, { observations: [unanswered('tm-1')] }), settings);
  t.equal(store.certificates('prod').filter(({ goneAt }) => goneAt !== undefined).length, 0, 'nobody looked');
  store.commit(runOf(3, { observations: both(2) }), settings);
  const gone = store.certificates('prod').filter(({ goneAt }) => goneAt !== undefined);
  t.match(gone, [
    { member: 'tm-1', role: 'leaf', certificate: { subject: 'CN=number 1' }, goneAt: '2026-11-22T12:03:04.321Z' },
  ]);
  t.equal(store.certificates(undefined).length, 5);
  store.commit(runOf(4, { observations: both(1) }), settings);
  t.match(
    store.certificates('prod').filter(({ goneAt }) => goneAt !== undefined),
    [{ certificate: { subject: 'CN=number 2' } }],
  );
  t.end();
});

/** Runs that show this member's data plane with these leaves; `clear`: without TLS; `nothing`: nobody looked. */
function leafTexts(shows: readonly (readonly number[] | 'clear' | 'nothing')[]): readonly string[] {
  const store = opened(t);
  const told: string[] = [];
  for (const [index, leaves] of shows.entries()) {
    const observation =
      leaves === 'nothing'
        ? unanswered('tm-1')
        : leaves === 'clear'
          ? clear('tm-1')
          : asked('tm-1', {
              tls: tlsDetails({
                serverCertificate: { seen: 'present', truncated: false, chain: [numbered(leaves[0]!), numbered(100)] },
                clientCertificate: { seen: 'absent' },
                alternativeChains: leaves
                  .slice(1)
                  .map((leaf) => ({ versions: ['TLSv1.2'], keyType: 'ec', chain: [numbered(leaf)] })),
              }),
            });
    const { happenings } = store.commit(runOf(index + 1, { observations: [observation] }), settings);
    told.push(...happenings.map(({ kind, member, text }) => `${index + 1} ${kind} ${member} ${text}`));
  }
  const kept = store.happenings('prod', { limit: 99 }).map(({ text }) => text);
  t.strictSame(
    kept.toReversed(),
    told.map((one) => one.replace(/^\d+ \S+ \S+ /, '')),
    'all of it is kept with the run',
  );
  return told;
}

function clear(member: string): Observation {
  const { tls: _, ...rest } = asked(member);
  return { ...rest, kind: 'plaintext' };
}

const changed = (run: number, before: number, after: number): RegExp =>
  new RegExp(
    `^${run} certificate-changed tm-1 tm-1 serves another certificate on taskmanager-data: CN=number ${after} \\(SHA-256 .*, until .*\\); before: CN=number ${before} \\(`,
  );

t.test('another leaf than the one before is told with the run, once, and only when it was seen', (t) => {
  t.strictSame(leafTexts([[1], [1]]), [], 'the first is no change');
  t.match(leafTexts([[1], [2], [2]]), [changed(2, 1, 2)]);
  t.match(leafTexts([[1], 'nothing', [2]]), [changed(3, 1, 2)], 'nobody looked meanwhile');
  t.match(leafTexts([[1], 'clear', [2]]), [changed(3, 1, 2)], 'TLS was off meanwhile');
  t.strictSame(leafTexts([[1], 'clear', [1]]), [], 'and came back as it was');
  t.strictSame(leafTexts([[1], [1, 2]]), [], 'another one beside it');
  t.match(leafTexts([[1, 2], [2]]), [changed(2, 1, 2)], 'of two, one is left');
  t.match(leafTexts([[1], [2], [1]]), [changed(2, 1, 2), changed(3, 2, 1)], 'back again');
  t.end();
});

t.test('a certificate that changed on several channels of a member is one happening', (t) => {
  const store = opened(t);
  const serving = (leaf: number): Observation[] => {
    const tls = tlsDetails({
      serverCertificate: { seen: 'present', truncated: false, chain: [numbered(leaf)] },
      clientCertificate: { seen: 'absent' },
    });
    return [asked('tm-1', { tls }), asked('tm-1', { tls, channel: 'taskmanager-rpc' }), asked('tm-2', { tls })];
  };
  store.commit(runOf(1, { observations: serving(1) }), settings);
  const { happenings } = store.commit(runOf(2, { observations: serving(2) }), settings);
  t.match(
    happenings.map(({ text }) => text),
    [/^tm-1 .* on taskmanager-data, taskmanager-rpc: CN=number 2/, /^tm-2 .* on taskmanager-data: /],
  );
  t.strictSame(store.commit(runOf(2, { observations: serving(2) }), settings).happenings, [], 'said once');
  t.end();
});

t.test('certificates of key stores are kept by file and endpoint, and gone when the file holds others', (t) => {
  const store = opened(t);
  const sighting = (number: number, member: string): StoreSighting => ({
    path: '/ssl/internal.p12',
    channel: 'taskmanager-data',
    member,
    endpoint: { host: member, port: 6121, member },
    certificates: [{ role: 'keystore', certificate: numbered(number) }],
  });
  const keep = (number: number, stores?: StoresRead): void => {
    store.commit({ ...runOf(number), ...(stores === undefined ? {} : { stores }) }, settings);
  };
  const there = (): string[] =>
    store
      .certificates('prod')
      .filter(({ source, goneAt }) => source === 'disk' && goneAt === undefined)
      .map(({ member, certificate }) => `${member} ${certificate.subject}`)
      .sort();
  const paths = ['/ssl/internal.p12'];
  keep(1, { paths, sightings: [sighting(7, 'tm-1'), sighting(7, 'tm-2')] });
  t.strictSame(there(), ['tm-1 CN=number 7', 'tm-2 CN=number 7'], 'one file of two processes is told of both');
  t.match(store.certificates('prod').filter(({ source }) => source === 'disk')[0], {
    ...{ role: 'keystore', channel: 'taskmanager-data', path: '/ssl/internal.p12' },
    endpoint: { port: 6121 },
  });
  keep(2);
  t.equal(there().length, 2, 'a run that read no disk changes nothing');
  keep(3, { paths, sightings: [sighting(8, 'tm-1')] });
  t.strictSame(there(), ['tm-1 CN=number 8', 'tm-2 CN=number 7'], 'nor does one that did not see the process');
  keep(4, { paths, sightings: [] });
  t.equal(there().length, 2, 'nor one that was not able to read the file');
  keep(5, { paths: [], sightings: [] });
  t.strictSame(there(), [], 'a file that nothing names any more is no longer of the cluster');
  t.equal(store.run(runId(5))?.stores, undefined, 'the run itself is kept as it was');
  t.end();
});
