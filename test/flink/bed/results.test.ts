import t from 'tap';
import { CASES, caseNamed } from './cases.ts';
import { type CaseResult, digestOf, digestsOf, stands } from './results.ts';
import { FLINK_VERSIONS, versionNamed } from './versions.ts';

const VERSION = versionNamed('2.3.0');
const CASE = caseNamed('all');
const DIGESTS = digestsOf(VERSION, CASE);
const TODAY = { verify: 'can-be-asked', identity: 'none' } as const;

const RESULT: CaseResult = {
  ...{ version: '2.3.0', case: 'all', ...DIGESTS, site: 'namespaces', java: 'x', seconds: {} },
  ...{ endpoints: [], strays: [], wire: 'equal', verify: 'equal', audit: 'equal', quiet: 'equal', identity: 'none' },
};

t.test('a result that equals the truth stands', async (t) => {
  t.ok(stands(RESULT, DIGESTS, TODAY));
});

t.test('what differed, broke, was of another case or lacks a witness is run again', async (t) => {
  for (const more of [
    { wire: 'differs' },
    { verify: 'differs' },
    { quiet: 'differs' },
    { verify: 'not run yet' },
    { broken: 'REST port: not within 60 s' },
    { digest: 'another' },
    { audit: 'differs' },
    { auditDigest: 'another' },
  ] as const) {
    t.notOk(stands({ ...RESULT, ...more }, DIGESTS, TODAY), JSON.stringify(more));
  }
  t.notOk(stands(RESULT, DIGESTS, { ...TODAY, identity: 'shown' }), 'an identity can be shown today');
  t.ok(stands({ ...RESULT, identity: 'shown' }, DIGESTS, TODAY));
});

t.test('the digest tells settings, truths and versions apart, and is the same each time', async (t) => {
  t.same(digestsOf(VERSION, CASE), DIGESTS);
  const DIGEST = DIGESTS.digest;
  const other = { ...CASE, settings: () => ({ 'security.ssl.rest.enabled': 'true' }) };
  t.not(digestOf(VERSION, other), DIGEST, 'other settings');
  t.not(digestOf(VERSION, { ...CASE, truth: caseNamed('off').truth }), DIGEST, 'another truth');
  t.not(digestOf(VERSION, { ...CASE, jdk: 'refuses-static-rsa' }), DIGEST, 'another policy of the JDK');
  const all = FLINK_VERSIONS.flatMap((version) => CASES.map((one) => digestOf(version, one)));
  t.equal(new Set(all).size, all.length);
});
