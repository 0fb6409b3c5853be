import fc from 'fast-check';
import t from 'tap';
import { linesOf } from '../../src/net/lines.ts';

async function* pieces(of: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* of;
}

async function all(parts: readonly Uint8Array[], most = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(pieces(parts), most, () => new Error('too long'))) lines.push(line);
  return lines;
}

t.test('lines are the same however the bytes are cut, within a character too', async () => {
  const text = 'eins\n\nzwei: grün\n日本\n';
  const bytes = Buffer.from(text);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length)), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      const lines = await all(parts);
      return lines.join('|') === 'eins|zwei: grün|日本';
    }),
  );
});

t.test('a last line without an end is left out: its stream was cut', async (t) => {
  t.strictSame(await all([Buffer.from('whole\nha')]), ['whole']);
});

t.test('a line may be as long as the limit, and no longer, over pieces too', async (t) => {
  t.strictSame(await all([Buffer.from('abc'), Buffer.from('de\n')], 5), ['abcde']);
  await t.rejects(all([Buffer.from('abc'), Buffer.from('def\n')], 5), /too long/);
  await t.rejects(all([Buffer.from('ok\nabc'), Buffer.from('def')], 5), /too long/, 'not only when it ends');
});
