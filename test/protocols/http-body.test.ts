import fc from 'fast-check';
import t from 'tap';
import { AwsChunkedBody, BodySample } from '../../src/protocols/http-body.ts';

function feed(sink: BodySample | AwsChunkedBody, text: string, size: number, offset = 0): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) {
    sink.feed(bytes, at, Math.min(at + size, bytes.length), offset + at, 1 + Math.floor(at / size));
  }
}

t.test('keeps the first bytes, counts all, and knows the place of each', (t) => {
  let seen = 0;
  const sample = new BodySample(10, (one) => {
    seen++;
    t.equal(one.text(), 'abcdefghij');
    t.equal(one.length, 26);
    t.equal(one.whole, false);
    t.same(one.placeOf(0), { streamOffset: 100, frame: 1 });
    t.same(one.placeOf(9), { streamOffset: 109, frame: 3 });
  });
  feed(sample, 'abcdefghijklmnopqrstuvwxyz', 4, 100);
  sample.end('complete');
  t.equal(seen, 1);
  t.end();
});

t.test('is whole only without gap, cut or limit', (t) => {
  const whole = (act: (sample: BodySample) => void, how: 'complete' | 'cut' = 'complete'): boolean => {
    let answer = true;
    const sample = new BodySample(100, (one) => {
      answer = one.whole;
    });
    act(sample);
    sample.end(how);
    return answer;
  };
  t.equal(
    whole((sample) => feed(sample, 'abc', 1)),
    true,
  );
  t.equal(
    whole((sample) => feed(sample, 'abc', 1), 'cut'),
    false,
  );
  t.equal(
    whole((sample) => sample.gap(1)),
    false,
  );
  t.equal(
    whole((sample) => feed(sample, 'x'.repeat(101), 50)),
    false,
  );
  t.end();
});

t.test('takes the chunk headers of AWS away, in pieces of any size, and stops at what is none', (t) => {
  const signature = `;chunk-signature=${'f'.repeat(64)}\r\n`;
  const text = `5${signature}hello\r\nA${signature}0123456789\r\n0${signature}\r\n`;
  const decoded = (input: string, size: number): readonly [string, string] => {
    let result: readonly [string, string] = ['', ''];
    const sink = new AwsChunkedBody(
      new BodySample(1000, (one) => {
        result = [one.text(), one.how];
      }),
    );
    feed(sink, input, size);
    sink.end('complete');
    return result;
  };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (size) => {
      t.same(decoded(text, size), ['hello0123456789', 'complete']);
      return true;
    }),
    { numRuns: 40 },
  );
  t.same(decoded(text.slice(0, 120), 7), ['hello', 'cut']);
  t.same(decoded(`5${signature}helloXX`, 3), ['hello', 'cut']);
  t.same(decoded('not a chunk\r\nhello', 3), ['', 'cut']);
  t.same(decoded(`5${'x'.repeat(5000)}`, 64), ['', 'cut']);
  t.end();
});

t.test('counts a gap inside a chunk away', (t) => {
  const signature = `;chunk-signature=${'f'.repeat(64)}\r\n`;
  let length = 0;
  let text = '';
  const sink = new AwsChunkedBody(
    new BodySample(1000, (one) => {
      length = one.length;
      text = one.text();
    }),
  );
  feed(sink, `64${signature}ab`, 200);
  sink.gap(90);
  feed(sink, `${'z'.repeat(8)}\r\n0${signature}\r\n`, 5);
  sink.end('complete');
  t.equal(length, 100);
  t.equal(text, 'ab');
  t.end();
});
