import fc from 'fast-check';
import t from 'tap';
import { type BodyFraming, type HttpMessageHead, headerOf } from '../../src/protocols/http-message.ts';
import { HttpReader, MAX_HEADERS, MAX_LINE } from '../../src/protocols/http-reader.ts';

interface Message {
  readonly line: string;
  readonly headers: readonly string[];
  body: string;
  end: 'open' | 'complete' | 'cut';
  readonly streamOffset: number;
  readonly endOffset: number;
}

/** Reads text in pieces and writes down every message. */
function read(
  text: string,
  size = text.length,
  start: 'syn' | 'midstream' = 'syn',
): { messages: Message[]; state: string } {
  const messages: Message[] = [];
  const reader = new HttpReader(
    {
      begun: () => {},
      head: (head) => {
        const headers = head.headers.map((header) => `${header.name}: ${header.value}`);
        const { line, streamOffset, endOffset } = head;
        messages.push({ line, headers, body: '', end: 'open', streamOffset, endOffset });
        return framing(head);
      },
      body: (bytes, from, to) => {
        messages.at(-1)!.body += Buffer.from(bytes.subarray(from, to)).toString('latin1');
      },
      bodyGap: () => {},
      end: (how) => {
        messages.at(-1)!.end = how;
      },
      foreign: () => {},
    },
    start,
  );
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) {
    reader.feed(bytes, at, Math.min(at + Math.max(1, size), bytes.length), at, 1);
  }
  const { state } = reader;
  reader.close();
  return { messages, state };
}

function framing(head: HttpMessageHead): BodyFraming {
  if (headerOf(head, 'transfer-encoding') === 'chunked') {
    return { kind: 'chunked' };
  }
  const length = headerOf(head, 'content-length');
  return length === undefined ? { kind: 'none' } : { kind: 'length', length: Number(length) };
}

const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const body = fc.string({ unit: fc.constantFrom('a', '\r', '\n', 'H', '0', ';', ' '), maxLength: 40 });
const message = fc.record({
  method: fc.constantFrom('GET', 'POST', 'M-SEARCH', 'PATCH'),
  path: word,
  header: fc.tuple(word, word),
  body,
  chunks: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
});

function write(one: {
  method: string;
  path: string;
  header: [string, string];
  body: string;
  chunks: number | undefined;
}): string {
  const head = `${one.method} /${one.path} HTTP/1.1\r\nx-${one.header[0]}: ${one.header[1]}\r\n`;
  if (one.chunks === undefined) {
    return `${head}Content-Length: ${one.body.length}\r\n\r\n${one.body}`;
  }
  let text = `${head}Transfer-Encoding: chunked\r\n\r\n`;
  for (let at = 0; at < one.body.length; at += one.chunks) {
    const chunk = one.body.slice(at, at + one.chunks);
    text += `${chunk.length.toString(16)};e=1\r\n${chunk}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

t.test('reads back every random message that was written, in pieces of any size', (t) => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 60 }), (sent, size) => {
      const text = sent.map(write).join('');
      const { messages } = read(text, size);
      t.same(
        messages.map((one) => [one.line, one.headers[0], one.body, one.end]),
        sent.map((one) => [
          `${one.method} /${one.path} HTTP/1.1`,
          `x-${one.header[0]}: ${one.header[1]}`,
          one.body,
          'complete',
        ]),
      );
      let offset = 0;
      t.ok(
        messages.every((one, i) => {
          const right =
            one.streamOffset === offset && one.endOffset === offset + write(sent[i]!).indexOf('\r\n\r\n') + 4;
          offset += write(sent[i]!).length;
          return right;
        }),
      );
      return true;
    }),
    { numRuns: 150 },
  );
  t.end();
});

t.test('holds every proper prefix of a message for incomplete', (t) => {
  const text = 'POST /x HTTP/1.1\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nT: u\r\n\r\n';
  for (let length = 0; length < text.length; length++) {
    const { messages } = read(text.slice(0, length));
    t.ok(messages.length === 0 || messages[0]?.end === 'cut', `${length} bytes`);
  }
  t.equal(read(text).messages[0]?.end, 'complete');
  t.end();
});

t.test('loses a message whose lines are malformed, and finds the next one', (t) => {
  const good = 'GET /good HTTP/1.1\r\nA: b\r\n\r\n';
  for (const bad of [
    'GET /x HTTP/1.1\r\nno colon\r\n',
    'GET /x HTTP/1.1\r\nbad name: x\r\n',
    'GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX\r\n',
    `GET /x HTTP/1.1\r\nA: ${'x'.repeat(MAX_HEADERS)}\r\n`,
    `GET /first HTTP/1.1\r\nA: b\r\n\r\nGET /${'x'.repeat(MAX_LINE)} HTTP/1.1\r\n`,
  ]) {
    const lines = read(bad + good).messages.map((one) => one.line);
    t.equal(lines.at(-1), 'GET /good HTTP/1.1', JSON.stringify(bad.slice(0, 60)));
    t.same(read(bad + good, 1).messages, read(bad + good).messages);
  }
  t.end();
});

t.test('joins folded lines and passes over empty ones before a request', (t) => {
  const { messages } = read('\r\n\r\nGET /x HTTP/1.1\r\nA: b\r\n c\r\nB:  d \r\n\r\n');
  t.same(messages[0]?.headers, ['a: b c', 'b: d']);
  t.equal(messages[0]?.streamOffset, 4);
  t.end();
});

t.test('knows the place of a start line that it found behind other bytes', (t) => {
  const before = '{"x":1}';
  const { messages } = read(`${before}HTTP/1.1 200 OK\r\nA: b\r\n\r\n`, 4, 'midstream');
  t.match(messages, [{ line: 'HTTP/1.1 200 OK', streamOffset: before.length }]);
  const long = 'y'.repeat(50_000);
  t.match(read(`${long}GET /z HTTP/1.1\r\nA: b\r\n\r\n`, 999, 'midstream').messages, [{ streamOffset: long.length }]);
  t.end();
});
