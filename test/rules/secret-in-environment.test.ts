import t from 'tap';
import { rule } from '../../src/rules/secret-in-environment.ts';
import { auditFinding, auditVerdict, recorded } from '../support/audited.ts';
import { source } from '../support/sources.ts';

const pod = (env: string): string =>
  source(
    'pod.yaml',
    `apiVersion: v1
kind: Pod
metadata: { name: tm }
spec:
  containers:
    - name: main
      image: flink:1.20.3
      args: [taskmanager]
      env:
${env}`,
  );

t.test('a cloud key as a plain value is found at its line, and never shown', async (t) => {
  const found = await auditFinding(rule, [
    pod('        - { name: PLAIN, value: x }\n        - name: AWS_SECRET_ACCESS_KEY\n          value: CANARY-11\n'),
  ]);
  t.match(found, { severity: 'medium', observed: 'AWS_SECRET_ACCESS_KEY', file: { line: 12, member: 'taskmanager' } });
  t.notMatch(JSON.stringify(found), 'CANARY-11');
});

t.test('so is a store password within FLINK_PROPERTIES, and one within options of Java', async (t) => {
  const text = `FLINK_PROPERTIES="
rest.port: 8081
security.ssl.internal.keystore-password: CANARY-12
"
FLINK_ENV_JAVA_OPTS=-Djavax.net.ssl.trustStorePassword=CANARY-13
`;
  const found = await auditFinding(rule, [source('flink.env', text)]);
  t.match(found.observed, /FLINK_PROPERTIES security\.ssl\.internal\.keystore-password/);
  t.match(found.observed, /FLINK_ENV_JAVA_OPTS -Djavax\.net\.ssl\.trustStorePassword/);
  t.match(
    found.evidence.map(({ text }) => /\(line (\d+)\)/.exec(text)?.[1]).sort(),
    ['3', '5'],
    'by the lines in which they stand',
  );
  t.notMatch(JSON.stringify(found), /CANARY-1[23]/);
});

t.test('references, names of files and other values pass; a file of Flink has no environment', async (t) => {
  const env = `        - name: AWS_SECRET_ACCESS_KEY
          valueFrom: { secretKeyRef: { name: s3, key: secret } }
        - { name: AWS_WEB_IDENTITY_TOKEN_FILE, value: /var/run/secrets/token }
        - { name: STORE_PASSWORD_FILE, value: /run/secrets/store }
        - { name: S3_SECRET, value: '\${FROM_ELSEWHERE}' }
        - { name: TZ, value: UTC }
`;
  t.equal(await auditVerdict(rule, [pod(env)]), 'pass');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
