import { createHash } from 'node:crypto';
import t from 'tap';
import { fingerprint } from '../../src/evaluate/fingerprint.ts';

const identity = { ruleId: 'plaintext-channel', channel: 'rest', endpoint: { host: '10.0.0.1', port: 8081 } } as const;

/** Baselines of users hold fingerprints: this test fails where a release would make all of them unknown. */
t.test('keeps its value from release to release', async (t) => {
  const text = '["flinkprobe-finding-1","plaintext-channel","rest","10.0.0.1",8081,[],null,null,0]';
  const expected = createHash('sha256').update(text).digest('hex').slice(0, 32);
  t.equal(fingerprint({ ...identity, fixedPort: 8081 }), expected);
});

t.test('leaves out a port that is not fixed, and the component', async (t) => {
  const other = { ...identity, endpoint: { host: '10.0.0.1', port: 40123, component: 'jobmanager' } } as const;
  t.equal(fingerprint(other), fingerprint(identity));
});

t.test('does not confuse parts that stand next to each other', async (t) => {
  const one = fingerprint({ ...identity, discriminator: 'ab' });
  t.not(one, fingerprint({ ...identity, discriminator: 'a' }));
  t.not(
    fingerprint({ ...identity, endpoint: { host: 'x","y', port: 1 } }),
    fingerprint({ ...identity, endpoint: { host: 'x', port: 1 } }),
  );
});
