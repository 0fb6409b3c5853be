import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { evaluateTrust, type TrustEvaluation } from '../../src/x509/trust.ts';
import { missing } from '../support/capture-tools.ts';
import { type Identity, mintEc, mintPki, mintRsa } from '../support/pki.ts';
import { readVector } from '../support/vectors.ts';

const DAY = 86_400_000;
const now = Date.now();
const vector = (name: string): Uint8Array => readVector(`certificates/${name}.der`);
const evaluate = (chain: readonly Uint8Array[], anchors: readonly Uint8Array[], at = now): TrustEvaluation =>
  evaluateTrust(chain, anchors, at);

const { root, intermediate, leaf } = mintPki();
const stranger = mintRsa({ name: root.name, ca: true });

t.test('chains of real clusters lead to their root', async (t) => {
  const [jm, between, labRoot, internal] = ['rest-jm', 'lab-intermediate', 'lab-root', 'internal'].map(vector) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  t.match(evaluate([jm, between, labRoot], [labRoot]), { trust: 'anchored', path: [0, 1] });
  t.match(evaluate([jm, between, labRoot], [labRoot]).anchor?.subject, /lab root/);
  t.match(evaluate([jm, between], [labRoot]), { trust: 'anchored', path: [0, 1] });
  t.match(evaluate([jm, labRoot, between], [labRoot]), { trust: 'anchored', path: [0, 2] }, 'in any order');
  t.match(evaluate([jm], [labRoot]), { trust: 'incomplete', path: [0] });
  t.match(evaluate([jm, between], []), { trust: 'incomplete', path: [0, 1] });
  t.match(evaluate([jm, between, labRoot], [internal]), { trust: 'not-anchored', path: [0, 1, 2] });
  t.match(evaluate([internal], [internal]), { trust: 'anchored', path: [0] }, "Flink's documented set-up");
  t.match(evaluate([internal], [labRoot]), { trust: 'self-signed', path: [0] });
  t.match(evaluate([], [labRoot]), { trust: 'none', path: [] });
});

t.test('any certificate of the path may be the anchor', async (t) => {
  const chain = [leaf.der, intermediate.der, root.der];
  t.match(evaluate(chain, [leaf.der]), { trust: 'anchored', path: [0] });
  t.match(evaluate(chain, [intermediate.der]), { trust: 'anchored', path: [0] });
  t.match(evaluate([leaf.der, intermediate.der], [stranger.der, root.der]), { trust: 'anchored', path: [0, 1] });
});

t.test('names alone lead nowhere', async (t) => {
  t.match(evaluate([leaf.der, intermediate.der, stranger.der], [stranger.der]), { trust: 'incomplete', path: [0, 1] });
  t.match(evaluate([leaf.der, intermediate.der, root.der], [stranger.der]), { trust: 'not-anchored' });
});

t.test('who is no authority issues nothing', async (t) => {
  const forged = mintRsa({ name: [['CN', 'forged']], issuer: leaf });
  t.match(evaluate([forged.der, leaf.der, intermediate.der], [root.der]), { trust: 'incomplete', path: [0] });
  t.match(evaluate([forged.der], [leaf.der]), { trust: 'incomplete' }, 'nor does it as an anchor');
  const below = mintRsa({ name: [['CN', 'below']], issuer: intermediate, ca: true });
  const deep = mintRsa({ name: [['CN', 'deep']], issuer: below });
  const chain = [deep.der, below.der, intermediate.der];
  t.match(evaluate(chain, [root.der]), { trust: 'incomplete' }, 'the path is longer than the intermediate allows');
  t.match(evaluate(chain, [below.der]), { trust: 'anchored' });
});

t.test('dates are told apart from trust', async (t) => {
  const old = mintRsa({ issuer: root, notBefore: new Date(now - 20 * DAY), notAfter: new Date(now - 10 * DAY) });
  t.match(evaluate([old.der], [root.der]), { trust: 'anchored', validity: { state: 'expired', position: 0 } });
  t.match(evaluate([old.der], [root.der], now - 15 * DAY).validity, { state: 'valid' });
  t.match(evaluate([old.der], [root.der], now - 30 * DAY).validity, { state: 'not-yet-valid', position: 0 });
  t.match(evaluate([old.der], []), { trust: 'incomplete', validity: { state: 'expired' } });
  const between = mintRsa({
    name: [['CN', 'old']],
    issuer: root,
    ca: true,
    notBefore: new Date(now - 9 * DAY),
    notAfter: new Date(now - DAY),
  });
  const young = mintRsa({ name: [['CN', 'young']], issuer: between });
  const found = evaluate([young.der, between.der], [root.der]);
  t.match(found, { trust: 'anchored', validity: { state: 'expired', position: 1 } });
});

t.test('the last second of a certificate is part of its time', async (t) => {
  const end = Date.UTC(2026, 5, 1, 12, 0, 0);
  const one = mintEc('P-256', { notBefore: new Date(end - DAY), notAfter: new Date(end) });
  t.equal(evaluate([one.der], [one.der], end + 999).validity.state, 'valid');
  t.equal(evaluate([one.der], [one.der], end + 1000).validity.state, 'expired');
  t.equal(evaluate([one.der], [one.der], end - DAY).validity.state, 'valid');
  t.equal(evaluate([one.der], [one.der], end - DAY - 1).validity.state, 'not-yet-valid');
});

t.test('two authorities of one name are both tried', async (t) => {
  t.match(evaluate([leaf.der, intermediate.der], [stranger.der, root.der]), { trust: 'anchored' });
  const crossed = mintRsa({ name: intermediate.name, keyOf: intermediate, issuer: stranger, ca: true });
  t.match(evaluate([leaf.der, intermediate.der, crossed.der], [stranger.der]), { trust: 'anchored', path: [0, 2] });
});

t.test('damaged and hostile chains are judged without a throw', async (t) => {
  t.match(evaluate([leaf.der.subarray(0, 200)], [root.der]), { trust: 'incomplete' });
  t.match(evaluate([leaf.der], [root.der.subarray(0, 200), Buffer.from('x')]), { trust: 'incomplete' });
  t.match(evaluate(new Array<Uint8Array>(500).fill(root.der), [leaf.der]), { trust: 'self-signed' });
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 60 }),
      (chain, anchor) => evaluate(chain, [anchor]).path.length <= chain.length,
    ),
  );
  // What is signed: behind the outer header, as long as its own header says.
  const signed = 4 + Buffer.from(leaf.der).readUInt16BE(6);
  const damaged = fc.tuple(fc.integer({ min: 4, max: 4 + signed - 1 }), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(damaged, ([at, change]) => {
      const bytes = Uint8Array.from(leaf.der);
      bytes[at]! ^= change;
      return evaluate([bytes, intermediate.der], [root.der]).trust !== 'anchored';
    }),
    { numRuns: 200 },
  );
});

t.test('openssl verify comes to the same', { skip: missing('openssl') }, async (t) => {
  const folder = t.testdir();
  const file = (name: string, pems: readonly string[]): string => {
    writeFileSync(path.join(folder, name), pems.join(''));
    return name;
  };
  const accepts = (chain: readonly Identity[], anchors: readonly Identity[]): boolean => {
    const args = ['verify', '-partial_chain', '-no_check_time', '-no-CApath', '-no-CAstore'];
    const store = [
      '-CAfile',
      file(
        'anchors.pem',
        anchors.map((one) => one.pem),
      ),
    ];
    const untrusted = [
      '-untrusted',
      file(
        'chain.pem',
        chain.map((one) => one.pem),
      ),
    ];
    const leafFile = file('leaf.pem', [chain[0]!.pem]);
    return spawnSync('openssl', [...args, ...store, ...untrusted, leafFile], { cwd: folder }).status === 0;
  };
  const ecRoot = mintEc('P-384', { name: [['CN', 'EC root']], ca: true });
  const ecLeaf = mintEc('P-256', { name: [['CN', 'EC leaf']], issuer: ecRoot, usages: true });
  const forged = mintRsa({ name: [['CN', 'forged']], issuer: leaf });
  const below = mintRsa({ name: [['CN', 'below']], issuer: intermediate, ca: true });
  const deep = mintRsa({ name: [['CN', 'deep']], issuer: below });
  const old = mintRsa({ issuer: root, notBefore: new Date(now - 9 * DAY), notAfter: new Date(now - DAY) });
  const all = [root, intermediate, leaf, stranger, ecRoot, ecLeaf, forged, below, deep, old];
  const random = fc.subarray(all, { minLength: 1, maxLength: 4 });
  const cases: (readonly [readonly Identity[], readonly Identity[]])[] = [
    [[leaf, intermediate, root], [root]],
    [[leaf, root, intermediate], [root]],
    [[leaf, intermediate], [intermediate]],
    [[leaf], [leaf]],
    [[leaf, intermediate, stranger], [stranger]],
    [[forged, leaf, intermediate], [root]],
    [[forged], [leaf]],
    [[deep, below, intermediate], [root]],
    [[deep, below, intermediate], [below]],
    [[old], [root]],
    [[ecLeaf], [ecRoot]],
    [[ecLeaf], [root]],
    ...fc.sample(fc.tuple(random, random), { seed: 4, numRuns: 60 }),
  ];
  const names = (list: readonly Identity[]): string => list.map((one) => one.name.at(-1)![1]).join(' > ');
  let accepted = 0;
  for (const [chain, anchors] of cases) {
    const found = evaluate(
      chain.map((one) => one.der),
      anchors.map((one) => one.der),
    );
    const expected = accepts(chain, anchors);
    if (expected) accepted++;
    t.equal(found.trust === 'anchored', expected, `${names(chain)} by ${names(anchors)}: ${found.trust}`);
  }
  t.ok(accepted > 10 && accepted < cases.length - 10, `${accepted} of ${cases.length} accepted`);
});
