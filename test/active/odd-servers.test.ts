import { connect } from 'node:net';
import t from 'tap';
import { rule as handshakeRefused } from '../../src/rules/handshake-refused.ts';
import type { ClientHello } from '../../src/tls/client-hello.ts';
import { offeredVersions, serverName } from '../../src/tls/extension-values.ts';
import { extensionValue } from '../../src/tls/extensions.ts';
import { judged } from '../support/judged.ts';
import { mintRsa } from '../support/pki.ts';
import { serve } from '../support/scripted-server.ts';
import { alertRecord, clientHelloOf } from '../support/scripted-tls.ts';
import { type CountedPort, countedPort } from '../support/targets/no-tls.ts';
import { type NodeServer, nodeServer } from './node-server.ts';
import { survey } from './support.ts';

/** A port that chooses by the ClientHello who answers, or the fatal alert that does. */
function choosing(choose: (hello: ClientHello) => NodeServer | number): Promise<CountedPort> {
  return countedPort((near) => {
    near.once('data', (first) => {
      // What is no ClientHello has no one to answer it.
      const chosen = first[0] === 22 ? choose(clientHelloOf(first)) : 10;
      if (typeof chosen === 'number') {
        near.end(alertRecord(chosen));
        return;
      }
      const far = connect(chosen.port, chosen.address, () => far.write(first));
      far.on('error', () => near.destroy());
      near.on('close', () => far.end());
      near.pipe(far).pipe(near);
    });
  });
}

const offers13 = (hello: ClientHello): boolean =>
  extensionValue(hello.extensions, offeredVersions)?.includes(0x0304) === true;
const offers12 = (hello: ClientHello): boolean =>
  extensionValue(hello.extensions, offeredVersions)?.includes(0x0303) !== false;

t.test('a server that demands a name gets that of the process, where its address was given', async (t) => {
  const server = await nodeServer();
  const names: (readonly string[] | undefined)[] = [];
  const strict = await choosing((hello) => {
    const asked = extensionValue(hello.extensions, serverName);
    names.push(asked);
    return asked?.[0] === 'jm.example' ? server : 112;
  });
  t.teardown(() => Promise.all([strict.close(), server.close()]));
  const named = await survey(strict, { channel: 'rest', member: 'jm.example', profile: 'quick' });
  t.match(named, { kind: 'tls', tls: { version: 'TLSv1.3', serverName: 'jm.example' } });
  t.notOk('refusedServerName' in named.tls!, 'no name was refused');
  t.equal(names.filter((name) => name === undefined).length, 1, 'once known, it is always sent');

  const nameless = await survey(strict, { channel: 'rest', profile: 'quick' });
  t.match(nameless, { kind: 'tls', tls: { outcome: 'refused' } });
  const { findings } = judged(handshakeRefused, [{ ...nameless, id: 'o1' }]);
  t.match(findings, [
    { verdict: 'inconclusive', message: /^Demands a server name .*Name the target by its host name/ },
  ]);
});

t.test('a server that asks for a certificate in TLS 1.2 alone is shown them there', async (t) => {
  const open = await nodeServer({ minVersion: 'TLSv1.3' });
  const mutual = await nodeServer({ maxVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: true });
  const both = await choosing((hello) => (offers13(hello) ? open : mutual));
  t.teardown(() => Promise.all([both.close(), open.close(), mutual.close()]));
  const { identity } = mutual;
  const shown = { privateKey: identity.privateKey, certificates: [identity.der] };
  for (const profile of ['quick', 'standard'] as const) {
    const { tls, asked } = await survey(both, { channel: 'blob-server', profile, identities: { internal: shown } });
    t.match(tls?.clientAuthentication.byVersion, { 'TLSv1.3': 'not-requested' }, profile);
    const proofs = tls?.admission?.map(({ credential, version, outcome }) => `${credential} ${version} ${outcome}`);
    const stranger = profile === 'quick' ? [] : ['stranger TLSv1.2 refused'];
    t.strictSame(proofs, ['identity TLSv1.2 admitted', ...stranger], profile);
    t.match(asked, { complete: true });
    if (profile === 'standard') t.equal(tls?.clientAuthentication.byVersion?.['TLSv1.2'], 'required');
  }
});

t.test('a server that prefers TLS 1.2 is found to have 1.3 by the full profile', async (t) => {
  const old = await nodeServer({ maxVersion: 'TLSv1.2' });
  const fresh = await nodeServer({ minVersion: 'TLSv1.3' });
  const both = await choosing((hello) => (offers12(hello) ? old : fresh));
  t.teardown(() => Promise.all([both.close(), old.close(), fresh.close()]));
  const { tls, asked } = await survey(both, { profile: 'full' });
  t.strictSame(tls?.accepted?.versions, ['TLSv1.3', 'TLSv1.2']);
  t.ok((tls?.accepted?.cipherSuites['TLSv1.3']?.length ?? 0) >= 3);
  t.match(asked, { complete: true });
});

t.test('the request inside of TLS names host and port, as it does in clear', async (t) => {
  const { pem: cert, keyPem: key } = mintRsa();
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const server = await serve([
      { do: 'tls', options: { cert, key, maxVersion } },
      { do: 'expect', bytes: 'any' },
      { do: 'send', bytes: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}') },
    ]);
    await survey(server, { channel: 'rest', name: 'jm.example', profile: 'quick' });
    await server.close();
    t.match(server.received[0]!.toString(), `\r\nHost: jm.example:${server.port}\r\n`, maxVersion);
  }
});
