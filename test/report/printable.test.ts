import fc from 'fast-check';
import t from 'tap';
import { printable } from '../../src/report/printable.ts';
import { HOSTILE } from '../support/sample-report.ts';

t.test('escapes controls, line separators, reordering and zero-width marks as code points', async (t) => {
  t.equal(printable('a\u001b[31mb'), 'a\\x1b[31mb');
  t.equal(printable('tab\there\r\n'), 'tab\\x09here\\x0d\\x0a');
  t.equal(printable('\u009b2J\u007f'), '\\x9b2J\\x7f');
  t.equal(printable('exe\u202etxt\u2028\u200b\ufeff'), 'exe\\u202etxt\\u2028\\u200b\\ufeff');
  t.equal(printable('\ud800alone'), '\\ud800alone');
});

t.test('leaves letters, accents, East Asian text and emoji as they are', async (t) => {
  t.equal(printable('Zürich 東京 CN=jm,O=Flink 🐿'), 'Zürich 東京 CN=jm,O=Flink 🐿');
});

t.test('never lets a control character out, whatever comes in', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(printable(text + HOSTILE));
    }),
  );
});
