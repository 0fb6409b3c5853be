import t from 'tap';
import { Unusable } from '../../src/cli/failure.ts';
import { type StoreArguments, storesOf } from '../../src/cli/store-options.ts';

const given = (parts: Partial<StoreArguments>): StoreArguments => ({
  files: [],
  passwordFiles: [],
  passwordEnvs: [],
  ...parts,
});

t.test('a store without a prefix is for both families, one with a prefix for its own', async (t) => {
  t.strictSame(storesOf('identity', given({})), {});
  t.strictSame(storesOf('identity', given({ files: ['all.p12'] })), { both: { file: 'all.p12' } });
  t.match(storesOf('identity', given({ files: ['rest=r.p12', 'all.p12', 'internal=a=b.p12'] })), {
    rest: { file: 'r.p12' },
    both: { file: 'all.p12' },
    internal: { file: 'a=b.p12' },
  });
});

t.test('a password without a prefix opens every store that has none of its own', async (t) => {
  const stores = storesOf(
    'identity',
    given({
      files: ['internal=i.p12', 'rest=r.p12'],
      passwordFiles: ['common'],
      passwordEnvs: ['rest=REST_PASSWORD'],
    }),
  );
  t.match(stores.internal, { file: 'i.p12', passwordFile: 'common' });
  t.equal(stores.internal?.passwordEnv, undefined);
  t.match(stores.rest, { file: 'r.p12', passwordEnv: 'REST_PASSWORD' });
  t.equal(stores.rest?.passwordFile, undefined, 'its own outweighs the common one');
});

t.test('what cannot be meant is refused by name', async (t) => {
  const cases: readonly (readonly [Partial<StoreArguments>, string])[] = [
    [{ files: ['a', 'b'] }, '--identity: given more than once'],
    [{ files: ['rest=a', 'rest=b'] }, '--identity rest=: given more than once'],
    [{ files: ['internal='] }, '--identity internal=: names nothing'],
    [{ passwordFiles: ['p'] }, '--identity-password-file: means nothing without --identity'],
    [
      { files: ['rest=a'], passwordEnvs: ['internal=P'] },
      '--identity-password-env internal=…: means nothing without --identity internal=FILE',
    ],
  ];
  for (const [parts, message] of cases) t.throws(() => storesOf('identity', given(parts)), new Unusable(message));
});
