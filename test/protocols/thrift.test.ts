import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Writer } from '../../src/bytes/writer.ts';
import { thrift } from '../../src/protocols/thrift.ts';
import { conversation, feed } from '../support/conversation.ts';

const call = Buffer.concat([fromHex('80010001 0000000b'), Buffer.from('OpenSession'), fromHex('00000001')]);
const reply = Buffer.concat([fromHex('80010002 0000000b'), Buffer.from('OpenSession'), fromHex('00000001')]);
const text = (id: number, value: string): Uint8Array =>
  new Writer().uint8(11).uint16(id).uint32(value.length).bytes(Buffer.from(value)).finish();
const openSession = (...fields: Uint8Array[]): Uint8Array =>
  Buffer.concat([call, fromHex('0c0001 080001 00000009'), ...fields, fromHex('00 00')]);

t.test('recognises OpenSession in the strict binary protocol', async (t) => {
  const follower = feed(thrift, conversation([0, openSession()], [1, reply]));
  t.equal(follower.certainty, 'sure');
  t.match(follower.reading(), { channel: 'hiveserver2', answered: true, details: { protocolVersion: 9 } });
  t.same(follower.reading().credentials, []);
});

t.test('says that a password crossed and where, not which', async (t) => {
  const bytes = openSession(text(2, 'anna'), text(3, 'secret'));
  const reading = feed(thrift, conversation([0, bytes])).reading();
  const at = Buffer.from(bytes).indexOf('secret');
  t.match(reading.credentials, [
    { kind: 'other-authorization', side: 0, streamOffset: at, name: 'TOpenSessionReq.password' },
  ]);
  t.notMatch(JSON.stringify(reading), /secret|anna/);
  t.notMatch(Buffer.from(reading.firstBytes).toString('latin1'), /secret|anna/);
});

t.test('every prefix of the call’s head is undecided', async (t) => {
  for (let length = 0; length < 19; length++) {
    t.equal(feed(thrift, conversation([0, call.subarray(0, length)])).certainty, 'maybe', `${length} bytes`);
  }
});

t.test('another method is another service', async (t) => {
  const other = Buffer.concat([fromHex('80010001 0000000b'), Buffer.from('get_catalog')]);
  t.equal(feed(thrift, conversation([0, other])).certainty, 'no');
});
