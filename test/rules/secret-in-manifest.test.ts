import t from 'tap';
import { rule } from '../../src/rules/secret-in-manifest.ts';
import { auditFinding, auditFindings, auditVerdict, recorded } from '../support/audited.ts';
import { shared, source } from '../support/sources.ts';

const object = (kind: string, part: string, password: string): string =>
  source(
    'object.yaml',
    `apiVersion: v1
kind: ${kind}
metadata: { name: flink-config }
${part}:
  config.yaml: |
    rest.port: 8081
    # a comment
    security:
      ssl:
        internal:
          keystore-password: ${password}
    security.delegation.tokens.enabled: false
`,
  );

t.test('a password in a ConfigMap is found at the line of the manifest, and never shown', async (t) => {
  const found = await auditFinding(rule, [object('ConfigMap', 'data', 'CANARY-31')]);
  t.match(found, { observed: 'security.ssl.internal.keystore-password', file: { line: 11 } });
  t.notMatch(JSON.stringify(found), 'CANARY-31');
});

t.test('so are those of a FlinkDeployment, nested as they may be, and of a job beside it', async (t) => {
  const found = await auditFindings(rule, [shared('deployment-secrets.yaml')]);
  t.strictSame(
    found.map(({ file }) => file?.member),
    ['jobmanager', 'taskmanager'],
  );
  t.match(JSON.stringify(found[0]!.evidence), /keystore-password.*key-password.*truststore-password.*s3\.secret-key/);
  t.match(
    found[0]!.evidence.map(({ text }) => Number(/\(line (\d+)\)/.exec(text)![1])).sort((a, b) => a - b),
    [18, 19, 21, 24, 46],
    'the last one is that of the session job',
  );
  t.notMatch(JSON.stringify(found), 'canary');
});

t.test('references and Secrets pass', async (t) => {
  t.equal(await auditVerdict(rule, [object('ConfigMap', 'data', '$${PW}'.slice(1))]), 'pass');
  t.equal(await auditVerdict(rule, [object('Secret', 'stringData', 'x')]), 'not-applicable');
  t.equal(await auditVerdict(rule, [recorded('1.20.3-off', 'jm')]), 'not-applicable');
});
