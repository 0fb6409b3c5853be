import { X509Certificate } from 'node:crypto';
import t from 'tap';
import type { Observation } from '../../src/model/report.ts';
import { type Identity, mintEc, mintRsa } from '../support/pki.ts';
import { nodeServer } from './node-server.ts';
import { type SurveyOptions, survey } from './support.ts';

const root = mintRsa({ name: [['CN', 'root']], ca: true });
const middle = mintRsa({ name: [['CN', 'middle']], ca: true, issuer: root });
const leaf = mintRsa({ name: [['CN', 'leaf']], issuer: middle });
const alone = mintRsa({ name: [['CN', 'alone']] });

/** A server that sends these certificates, the first one with its key; `second` has one of another type besides. */
async function serving(sent: readonly Identity[], second?: Identity): ReturnType<typeof nodeServer> {
  const chains = [sent.map(({ pem }) => pem).join(''), ...(second === undefined ? [] : [second.pem])];
  const keys = [sent[0]!, ...(second === undefined ? [] : [second])].map(({ keyPem }) => keyPem);
  return nodeServer({ cert: chains, key: keys, ca: root.pem });
}

async function judged(sent: readonly Identity[], options: SurveyOptions, second?: Identity): Promise<Observation> {
  const server = await serving(sent, second);
  try {
    return await survey(server, { channel: 'blob-server', profile: 'quick', ...options });
  } finally {
    await server.close();
  }
}

const both = (...anchors: readonly Identity[]): SurveyOptions => ({
  trustAnchors: { both: anchors.map(({ der }) => der) },
});

t.test('a chain that leads to an anchor names it, whether or not the anchor is sent', async (t) => {
  const sha256 = new X509Certificate(root.der).fingerprint256.replaceAll(':', '').toLowerCase();
  for (const sent of [
    [leaf, middle],
    [leaf, middle, root],
  ]) {
    const { tls } = await judged(sent, both(alone, root));
    t.match(tls?.trust, { verdict: 'anchored', anchor: sha256, text: /^leads to CN=root/ });
  }
  t.match((await judged([alone], both(alone))).tls?.trust, {
    verdict: 'anchored',
    text: 'is itself in the truststore',
  });
});

t.test('what does not lead there is told apart', async (t) => {
  t.match((await judged([alone], both(root))).tls?.trust, { verdict: 'self-signed' });
  t.match((await judged([leaf, middle, root], both(alone))).tls?.trust, {
    verdict: 'not-anchored',
    text: /^leads to CN=root/,
  });
  t.strictSame((await judged([leaf], both(root))).tls?.trust, {
    verdict: 'incomplete',
    missingIssuer: 'CN=middle',
    text: `ends with CN=leaf (${(await judged([leaf], both(leaf))).tls!.trust!.anchor!.slice(0, 8)}…), whose issuer CN=middle was neither sent nor is in the truststore`,
  });
});

t.test('every chain of a server with two keys is judged', async (t) => {
  const second = mintEc('P-256', { name: [['CN', 'second']] });
  const { tls } = await judged([leaf, middle], { ...both(root), profile: 'standard' }, second);
  const verdicts = [tls!, ...tls!.alternativeChains!].map(({ trust }) => trust?.verdict).sort();
  t.strictSame(verdicts, ['anchored', 'self-signed']);
});

t.test('a truststore of one family judges its own channels only', async (t) => {
  const trustAnchors = { rest: [root.der] };
  t.equal((await judged([leaf, middle], { trustAnchors })).tls?.trust, undefined);
  t.match((await judged([leaf, middle], { trustAnchors, channel: 'rest' })).tls?.trust, { verdict: 'anchored' });
  t.equal((await judged([leaf, middle], { ...both(root), channel: 'prometheus' })).tls?.trust, undefined);
  t.equal((await judged([leaf, middle], {})).tls?.trust, undefined);
});
