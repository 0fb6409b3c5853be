import t from 'tap';
import { CASES } from './cases.ts';
import { CLUSTER_MEMBERS } from './members.ts';
import { outcomeOf, type TlsTruth, type Truth, truthOf } from './truth.ts';
import { FLINK_VERSIONS, since, versionNamed } from './versions.ts';

const TLS: TlsTruth = {
  ...{ kind: 'tls', versions: ['TLSv1.2'], suites: {}, clientAuthentication: 'required', certificate: 'internal' },
};
const CLEAR = { kind: 'clear' } as const;

t.test('versions compare by number, not by text', async (t) => {
  t.ok(since('1.20.3', '1.20'));
  t.ok(since('2.0.2', '1.20.3'));
  t.notOk(since('1.9.0', '1.20'));
  t.notOk(since('1.19.0', '1.19.1'));
  t.throws(() => versionNamed('3.0.0'), /no version 3\.0\.0/);
});

t.test('every minor version from 1.16 to 2.3 is there, each archive pinned', async (t) => {
  const minors = new Set(FLINK_VERSIONS.map(({ version }) => version.split('.').slice(0, 2).join('.')));
  t.same([...minors], ['1.16', '1.17', '1.18', '1.19', '1.20', '2.0', '2.1', '2.2', '2.3']);
  for (const { archive, version, sha256 } of FLINK_VERSIONS) {
    t.match(sha256, /^[0-9a-f]{64}$/);
    t.ok(archive.endsWith(`-${version}.tar.gz`));
  }
  t.equal(new Set(FLINK_VERSIONS.map((one) => one.sha256)).size, FLINK_VERSIONS.length);
});

t.test('clear meets TLS, TLS meets clear, strangers meet', async (t) => {
  t.same(outcomeOf(CLEAR, 'internal', CLEAR, 'internal'), { kind: 'plaintext', answer: 'in-kind' });
  t.same(outcomeOf(CLEAR, 'internal', TLS, 'internal'), { kind: 'plaintext', answer: 'refused' });
  t.same(outcomeOf(TLS, 'internal', CLEAR, 'internal'), { kind: 'tls', outcome: 'refused' });
  t.match(outcomeOf(TLS, 'internal', TLS, 'internal'), { outcome: 'established', mutual: true });
  const other: TlsTruth = { ...TLS, certificate: 'other' };
  t.match(outcomeOf(other, 'other', TLS, 'internal'), { outcome: 'refused' });
  t.match(outcomeOf({ ...TLS, pin: 'right' }, 'internal', { ...TLS, pin: 'wrong' }, 'internal'), {
    outcome: 'refused',
  });
});

t.test('a TaskManager that is refused carries no job and no data', async (t) => {
  const secured = { rpc: TLS, data: TLS, blob: TLS };
  const clear = { rpc: CLEAR, data: CLEAR, blob: CLEAR };
  const truth = truthOf({ stances: { jm: secured, tm1: secured, tm2: clear }, rest: CLEAR, jobOn: ['tm1'] });
  t.equal(truth.taskManagers, 1);
  t.notOk(truth.flows.some((one) => one.channel === 'taskmanager-data'));
  t.notOk(truth.flows.some((one) => one.channel === 'blob-server' && one.client === 'tm2'));
  t.match(
    truth.flows.find((one) => one.channel === 'jobmanager-rpc' && one.client === 'tm2'),
    { outcome: { kind: 'plaintext', answer: 'refused' }, presence: 'seen' },
  );
});

function isWellFormed(truth: Truth): string | undefined {
  const keys = truth.endpoints.map(({ channel, member }) => `${channel} ${member}`);
  if (new Set(keys).size !== keys.length) return 'an endpoint is told twice';
  for (const { channel, server } of truth.flows) {
    if (!keys.includes(`${channel} ${server}`)) return `${channel} of ${server} has connections and is no endpoint`;
  }
  for (const { served } of truth.endpoints) {
    if (served.kind !== 'tls') continue;
    for (const version of Object.keys(served.suites)) {
      if (!served.versions.includes(version as 'TLSv1.2')) return `suites of ${version}, which is not served`;
    }
  }
  return undefined;
}

t.test('the truth of every case on every version is well formed', async (t) => {
  for (const version of FLINK_VERSIONS) {
    for (const theCase of CASES)
      t.equal(isWellFormed(theCase.truth(version)), undefined, `${version.version} ${theCase.name}`);
  }
  t.equal(new Set(CASES.map((one) => one.name)).size, CASES.length, 'names are told apart');
  t.ok(
    CASES.every((one) => /^[a-z0-9-]+$/.test(one.name)),
    'names are file names',
  );
});

t.test('what changed between versions stands in the truth', async (t) => {
  const served = (name: string, version: string, channel: string): unknown => {
    const truth = CASES.find((one) => one.name === name)!.truth(versionNamed(version));
    return truth.endpoints.find((one) => one.channel === channel)!.served;
  };
  const rsa = { suites: { 'TLSv1.2': ['TLS_RSA_WITH_AES_128_CBC_SHA'] } };
  t.match(served('internal-default', '1.20.3', 'blob-server'), rsa, 'before FLINK-39022');
  t.notMatch(served('internal-default', '1.20.5', 'blob-server'), rsa, 'since FLINK-39022');
  t.match(served('ssl-enabled-alone', '1.20.5', 'blob-server'), { kind: 'tls' }, 'FLINK-33750');
  t.match(served('ssl-enabled-alone', '2.0.2', 'blob-server'), { kind: 'clear' }, 'FLINK-33750');
  t.match(served('rest-tls', '1.17.2', 'rest'), { versions: ['TLSv1.2'] }, 'before FLINK-32035');
  t.match(served('rest-tls', '1.18.1', 'rest'), { versions: ['TLSv1.2', 'TLSv1.3'] }, 'since FLINK-32035');
  t.match(served('rest-mtls-no-truststore', '1.17.2', 'rest'), { kind: 'absent' });
  t.match(served('rest-mtls-no-truststore', '1.18.1', 'rest'), { clientAuthentication: 'not-requested' });
  t.match(served('beside', '1.18.1', 'sql-gateway'), { kind: 'clear' }, 'before FLINK-31223');
  t.match(served('beside', '1.20.3', 'sql-gateway'), { kind: 'tls' }, 'since FLINK-31223');
  t.match(served('jdk-refuses-default', '1.20.3', 'blob-server'), { kind: 'unusable' });
  t.match(served('jdk-refuses-default', '2.3.0', 'blob-server'), { kind: 'tls' });
});

t.test('members are the processes of a cluster, not the prober', async (t) => {
  t.same(CLUSTER_MEMBERS, ['jm', 'tm1', 'tm2']);
});
