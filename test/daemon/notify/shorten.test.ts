import t from 'tap';
import { post } from '../../../src/daemon/notify/http-post.ts';
import { hidden } from '../../../src/daemon/notify/shorten.ts';
import { receiver } from './receiver.ts';

const SECRET = 'T0123456789/B0123456789/abcdefghijklmnopqrstuvwx';

t.test('a secret that stands where a text is cut is hidden as a whole', async (t) => {
  const hook = await receiver();
  t.teardown(() => hook.close());
  const problems: string[] = [];
  for (const filling of [150, 180, 196, 4050, 4090]) {
    // Behind the first 200 letters nothing is shown; behind 4096 octets nothing is read.
    const body = filling > 4000 ? SECRET.repeat(85).slice(0, filling - 20) + SECRET : `${'x'.repeat(filling)}${SECRET}`;
    hook.answer = { status: 500, body };
    const request = { url: hook.url, body: {}, timeoutMs: 5000, signal: new AbortController().signal };
    const outcome = await post({ ...request, secrets: [SECRET] });
    if (outcome.kind !== 'delivered') problems.push(outcome.problem);
  }
  t.equal(problems.length, 5);
  for (const problem of problems) {
    t.ok(problem.length <= 220);
    for (let at = 0; at + 6 <= SECRET.length; at++) t.notOk(problem.includes(SECRET.slice(at, at + 6)), problem);
  }
});

t.test('texts within texts, and the beginning of one at the end', (t) => {
  t.equal(hidden('http://h/abc-def', ['abc', 'http://h/abc-def', '']), '******');
  t.equal(hidden('said: abcd', ['abcdef'], 'cut'), 'said: ******');
  t.equal(hidden('said: abcd', ['abcdef']), 'said: abcd');
  t.equal(hidden('said: a', ['abcdef'], 'cut'), 'said: a');
  t.end();
});
