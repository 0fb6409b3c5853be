import t from 'tap';
import type { ProcessIdentity } from '../../src/model/report.ts';
import { rule as differs } from '../../src/rules/certificate-differs-between-members.ts';
import { rule } from '../../src/rules/old-certificate-still-served.ts';
import { active, baseline, certificate, chain, finding, JM, TM1, TM2, verdict } from '../support/observations.ts';

const OLD = certificate();
const NEW = certificate({ sha256: 'cc'.repeat(32), serialNumber: '4c01' });
const rpc = (server: typeof JM | typeof TM1 | typeof TM2, shown = OLD) =>
  active({ channel: 'taskmanager-rpc', server, tls: { serverCertificate: chain(shown) } });
const then = baseline([rpc(JM), rpc(TM1), rpc(TM2)]);

t.test('fails at high the one process that was left out of a rotation', async (t) => {
  const seen = [rpc(JM, NEW), rpc(TM1), rpc(TM2, NEW)];
  const found = finding(rule, seen, { baseline: then });
  t.equal(found.severity, 'high');
  t.equal(found.endpoint?.member, 'tm1');
  t.match(found.message, 'tm1 still shows');
  t.match(found.message, 'while jm, tm2 show');
  t.equal(verdict(differs, seen, { baseline: then }), 'not-applicable', 'and it is told once');
});

t.test('says why, where the identifiers of the processes tell', async (t) => {
  const processes = (...identities: readonly string[]): ProcessIdentity[] =>
    [JM, TM1, TM2].map(({ member, component }, at) => ({
      member,
      component,
      source: 'rest',
      identity: identities[at]!,
    }));
  const before = baseline([rpc(JM), rpc(TM1), rpc(TM2)], {
    processes: processes('web-1', 'tm1:41321-0b1c2d', 'tm2:41322-3e4f50'),
  });
  const seen = [rpc(JM, NEW), rpc(TM1), rpc(TM2, NEW)];
  const said = (...now: readonly string[]): string =>
    finding(rule, seen, { baseline: before, processes: processes(...now) }).message;
  t.match(said('web-2', 'tm1:41321-0b1c2d', 'tm2:40001-aa01bb'), 'it was not restarted');
  t.match(said('web-2', 'tm1:40002-99ffee', 'tm2:40001-aa01bb'), 'restarted with the old keystore');
});

t.test('leaves a single process with a new certificate to the comparison of members', async (t) => {
  const seen = [rpc(JM), rpc(TM1), rpc(TM2, NEW)];
  t.equal(verdict(rule, seen, { baseline: then }), 'pass');
  t.equal(finding(differs, seen, { baseline: then }).endpoint?.member, 'tm2');
});

t.test('passes a whole rotation, and no rotation', async (t) => {
  t.equal(verdict(rule, [rpc(JM, NEW), rpc(TM1, NEW), rpc(TM2, NEW)], { baseline: then }), 'pass');
  t.equal(verdict(rule, [rpc(JM), rpc(TM1), rpc(TM2)], { baseline: then }), 'pass');
});

t.test('does not apply without a baseline', async (t) => {
  t.equal(verdict(rule, [rpc(JM, NEW), rpc(TM1)]), 'not-applicable');
});
