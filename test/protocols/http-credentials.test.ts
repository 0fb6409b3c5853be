import t from 'tap';
import { noteCredentials } from '../../src/protocols/http-credentials.ts';
import type { HttpMessageHead } from '../../src/protocols/http-message.ts';
import { Sightings } from '../../src/protocols/http-sightings.ts';

function note(
  headers: Readonly<Record<string, string>>,
  target = '/',
): { said: readonly string[]; signature: string | undefined } {
  const head: HttpMessageHead = {
    start: { kind: 'request', method: 'GET', target },
    line: `GET ${target} HTTP/1.1`,
    headers: Object.entries(headers).map(([name, value], i) => ({ name, value, streamOffset: i, frame: i + 1 })),
    streamOffset: 0,
    frame: 1,
    endOffset: 100,
  };
  const sightings = new Sightings();
  const signature = noteCredentials(head, 0, sightings);
  t.notMatch(JSON.stringify(sightings.credentials()), /CANARY/);
  return { said: sightings.credentials().map((one) => `${one.kind} ${one.name}`), signature };
}

t.test('tells kinds of authorization by their scheme (RFC 7617, RFC 6750)', (t) => {
  const kind = (authorization: string): readonly string[] => note({ authorization }).said;
  t.same(kind('Basic CANARY'), ['basic-authorization Authorization']);
  t.same(kind('basic CANARY'), ['basic-authorization Authorization']);
  t.same(kind('Bearer CANARY'), ['bearer-authorization Authorization']);
  t.same(kind('Negotiate CANARY'), ['other-authorization Authorization']);
  t.same(kind('CANARY'), ['other-authorization Authorization']);
  t.same(kind(''), []);
  t.end();
});

t.test('does not take a signature for a secret: the key is not sent', (t) => {
  const aws = 'AWS4-HMAC-SHA256 Credential=CANARY/20251122/us-east-1/s3/aws4_request, Signature=CANARY';
  t.same(note({ authorization: aws }), { said: [], signature: 'aws-signature' });
  t.same(note({ authorization: 'AWS CANARY:CANARY' }), { said: [], signature: 'aws-signature' });
  t.same(note({ authorization: 'SharedKey account:CANARY' }), { said: [], signature: 'azure-signature' });
  t.same(note({}, '/b/k?X-Amz-Credential=CANARY&X-Amz-Signature=CANARY'), { said: [], signature: 'aws-signature' });
  t.end();
});

t.test('takes cookies of a log-in for credentials, and no others', (t) => {
  t.same(note({ cookie: 'theme=dark; JSESSIONID=CANARY' }).said, ['cookie Cookie']);
  t.same(note({ 'set-cookie': 'hadoop.auth=CANARY; Path=/' }).said, ['cookie Set-Cookie']);
  t.same(note({ cookie: 'theme=dark; lang=en' }).said, []);
  t.same(note({ cookie: 'session=' }).said, [], 'an empty one');
  t.same(note({ cookie: `${'sess'.repeat(16_000)}` }).said, []);
  t.end();
});

t.test('finds tokens in headers, queries and user information', (t) => {
  t.same(note({ 'x-auth-token': 'CANARY' }).said, ['other-authorization x-auth-token']);
  t.same(note({}, '/x?a=b&Token=CANARY').said, ['other-authorization query parameter token']);
  t.same(note({}, '/x?token=').said, []);
  t.same(note({}, 'http://u:CANARY@h/').said, ['basic-authorization user information of the request target']);
  t.end();
});
