import t from 'tap';
import { CASES, caseNamed } from './cases.ts';
import { type CaseResult, digestOf, stands } from './results.ts';
import { FLINK_VERSIONS, versionNamed } from './versions.ts';

const VERSION = versionNamed('2.3.0');
const CASE = caseNamed('all');
const DIGEST = digestOf(VERSION, CASE);
const TODAY = { verify: 'can-be-asked', identity: 'none' } as const;

const RESULT: CaseResult = {
  ...{ version: '2.3.0', case: 'all', digest: DIGEST, site: 'namespaces', java: 'x', seconds: {} },
  ...{ endpoints: [], strays: [], wire: 'equal', verify: 'equal', quiet: 'equal', identity: 'none' },
};

t.test('a result that equals the truth stands', async (t) => {
  t.ok(stands(RESULT, DIGEST, TODAY));
});

t.test('what differed, broke, was of another case or lacks a witness is run again', async (t) => {
  for (const more of [
    { wire: 'differs' },
    { verify: 'differs' },
    { quiet: 'differs' },
    { verify: 'not run yet' },
    { broken: 'REST port: not within 60 s' },
    { digest: 'another' },
  ] as const) {
    t.notOk(stands({ ...RESULT, ...more }, DIGEST, TODAY), JSON.stringify(more));
  }
  t.notOk(stands(RESULT, DIGEST, { ...TODAY, identity: 'shown' }), 'an identity can be shown today');
  t.ok(stands({ ...RESULT, identity: 'shown' }, DIGEST, TODAY));
});

t.test('the digest tells settings, truths and versions apart, and is the same each time', async (t) => {
  t.equal(digestOf(VERSION, CASE), DIGEST);
  const other = { ...CASE, settings: () => ({ 'security.ssl.rest.enabled': 'true' }) };
  t.not(digestOf(VERSION, other), DIGEST, 'other settings');
  t.not(digestOf(VERSION, { ...CASE, truth: caseNamed('off').truth }), DIGEST, 'another truth');
  t.not(digestOf(VERSION, { ...CASE, jdk: 'refuses-static-rsa' }), DIGEST, 'another policy of the JDK');
  const all = FLINK_VERSIONS.flatMap((version) => CASES.map((one) => digestOf(version, one)));
  t.equal(new Set(all).size, all.length);
});
