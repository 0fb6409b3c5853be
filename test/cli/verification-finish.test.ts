import t from 'tap';
import { withInstruments } from '../../src/cli/verification.ts';

function counted(): { readonly calls: string[]; open(): void; finish(): void } {
  const calls: string[] = [];
  return { calls, open: () => void calls.push('open'), finish: () => void calls.push('finish') };
}

t.test('instruments are finished once, before the report is had', async (t) => {
  const instruments = counted();
  const got = await withInstruments(instruments, async () => {
    instruments.calls.push('work');
    return 7;
  });
  t.equal(got, 7);
  t.strictSame(instruments.calls, ['open', 'work', 'finish']);
});

t.test('a run that throws finishes its instruments too: what they wrote until then can be read', async (t) => {
  const instruments = counted();
  await t.rejects(
    withInstruments(instruments, async () => {
      throw new Error('boom');
    }),
    { message: 'boom' },
  );
  t.strictSame(instruments.calls, ['open', 'finish']);
});

t.test('where they cannot be opened nothing is done', async (t) => {
  const instruments = counted();
  const opening = {
    ...instruments,
    open: () => {
      throw new Error('cannot be written');
    },
  };
  await t.rejects(
    withInstruments(opening, async () => void instruments.calls.push('work')),
    { message: 'cannot be written' },
  );
  t.strictSame(instruments.calls, []);
});
