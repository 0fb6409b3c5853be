import fc from 'fast-check';
import t from 'tap';
import { DecodeError } from '../../src/bytes/reader.ts';
import {
  bitsOf,
  DER_DEPTH_MAX,
  DerReader,
  formatOid,
  formatTime,
  GENERALIZED_TIME,
  OCTET_STRING,
  SEQUENCE,
  UTC_TIME,
} from '../../src/x509/der.ts';
import { ascii, bitString, boolean, integer, octetString, oid, sequence, tlv } from '../support/der-writer.ts';

const reader = (...octets: number[]): DerReader => new DerReader(Uint8Array.from(octets));

t.test('reads lengths of every form, longer ones than needed too', async (t) => {
  const content = new Uint8Array(300).fill(7);
  const short = new DerReader(octetString(content.subarray(0, 127)));
  t.equal(short.element('value', OCTET_STRING).content.length, 127);
  const long = new DerReader(octetString(content));
  t.same(long.element('value', OCTET_STRING).content, content);
  t.equal(reader(0x04, 0x84, 0, 0, 0, 1, 9).element('value').content[0], 9);
});

t.test('refuses what DER does not have, with path, offset and fault', async (t) => {
  const cases = [
    [[0x30, 0x80, 0, 0], 'unsupported', 'indefinite length'],
    [[0x04, 0x85, 0, 0, 0, 0, 1, 9], 'length-out-of-range', 'length of 5 octets'],
    [[0x04, 5, 1, 2], 'truncated', 'value'],
    [[0x04], 'truncated', 'value'],
    [[], 'truncated', 'value'],
    [[0x1f, 0xff, 0xff, 0xff, 0x7f, 0], 'unsupported', 'tag number'],
  ] as const;
  for (const [octets, fault, text] of cases) {
    t.throws(() => reader(...octets).element('value'), { fault, path: 'der.value', message: new RegExp(text) });
  }
  t.throws(() => reader(0x02, 1, 0).element('value', SEQUENCE), {
    name: 'DecodeError',
    fault: 'illegal-value',
    offset: 0,
  });
  t.throws(() => reader(0x02, 0).integer('value'), { name: 'DecodeError', fault: 'length-out-of-range' });
  t.throws(() => reader(0x01, 2, 0, 0).boolean('value'), { name: 'DecodeError', fault: 'length-out-of-range' });
});

t.test('offsets count from the outermost byte, in octet strings too', async (t) => {
  const outer = new DerReader(sequence(integer(1), octetString(sequence(boolean(true), tlv(0x02)))));
  const inner = outer.inside(SEQUENCE, 'outer');
  inner.smallInteger('one');
  const held = inner.within(inner.element('octets'), 'octets').inside(SEQUENCE, 'list');
  t.equal(held.boolean('flag'), true);
  // 30 0b 02 01 01 04 07 30 05 01 01 ff 02 00: the empty INTEGER ends at byte 14.
  t.throws(() => held.integer('two'), { name: 'DecodeError', path: 'der.outer.octets.list.two', offset: 14 });
});

t.test('tag numbers of the long form and all classes are told', async (t) => {
  t.match(reader(0x5f, 0x81, 0x01, 0).element('value'), { tagClass: 'application', tagNumber: 129 });
  t.match(reader(0xa3, 0).element('value'), { tagClass: 'context', tagNumber: 3 });
  t.match(reader(0xc1, 0).element('value'), { tagClass: 'private', tagNumber: 1 });
});

t.test('nesting is followed to its limit only', async (t) => {
  let der = integer(1);
  for (let i = 0; i <= DER_DEPTH_MAX; i++) der = sequence(der);
  let at = new DerReader(der);
  for (let i = 0; i < DER_DEPTH_MAX; i++) at = at.inside(SEQUENCE, 's');
  t.throws(() => at.inside(SEQUENCE, 's'), { name: 'DecodeError', fault: 'unsupported' });
});

t.test('reads times as RFC 5280 section 4.1.2.5 tells, and older forms', async (t) => {
  const cases = [
    [UTC_TIME, '491231235959Z', '2049-12-31T23:59:59Z'],
    [UTC_TIME, '500101000000Z', '1950-01-01T00:00:00Z'],
    [UTC_TIME, '000229120000Z', '2000-02-29T12:00:00Z'],
    [UTC_TIME, '9912312359Z', '1999-12-31T23:59:00Z'],
    [UTC_TIME, '260101003000+0100', '2025-12-31T23:30:00Z'],
    [GENERALIZED_TIME, '19690720201740Z', '1969-07-20T20:17:40Z'],
    [GENERALIZED_TIME, '20380119031408Z', '2038-01-19T03:14:08Z'],
    [GENERALIZED_TIME, '99991231235959Z', '9999-12-31T23:59:59Z'],
    [GENERALIZED_TIME, '00010101000000Z', '0001-01-01T00:00:00Z'],
    [GENERALIZED_TIME, '20260101000000.123Z', '2026-01-01T00:00:00Z'],
    [UTC_TIME, '260229000000Z', undefined],
    [UTC_TIME, '261301000000Z', undefined],
    [UTC_TIME, '260101240000Z', undefined],
    [UTC_TIME, '260101000060Z', undefined],
    [UTC_TIME, '20260101000000Z', undefined],
    [UTC_TIME, '260101000000', undefined],
    [GENERALIZED_TIME, '260101000000Z', undefined],
    [GENERALIZED_TIME, 'x', undefined],
    [GENERALIZED_TIME, '', undefined],
  ] as const;
  for (const [identifier, text, expected] of cases) t.equal(formatTime(identifier, ascii(text)), expected, text);
});

t.test('object identifiers survive write then read', async (t) => {
  const arcs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n }), { maxLength: 2 });
  fc.assert(
    fc.property(fc.constantFrom('0.9', '1.2', '1.39', '2.5', '2.999', `2.${2n ** 90n}`), arcs, (head, tail) => {
      const text = [head, ...tail].join('.');
      return new DerReader(oid(text)).oid('value') === text;
    }),
  );
  for (const octets of [[], [0x80, 1], [0x2a, 0x86], new Array<number>(65).fill(1)]) {
    t.equal(formatOid(Uint8Array.from(octets)), undefined);
  }
});

t.test('bits are counted from the left, unused ones left out', async (t) => {
  t.same(bitsOf(bitString(Uint8Array.of(0xa1), 5).subarray(2)), [0, 2]);
  t.same(bitsOf(Uint8Array.of(0, 0x80, 0x01)), [0, 15]);
  t.same(bitsOf(Uint8Array.of()), []);
  t.same(bitsOf(Uint8Array.of(255, 0xff)), [0]);
});

t.test('random octets are refused or read, never worse', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const at = new DerReader(octets);
      try {
        while (at.remaining > 0) at.element('value');
      } catch (fault) {
        return fault instanceof DecodeError && fault.offset <= octets.length;
      }
      return true;
    }),
  );
  t.pass();
});
