import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { Writer } from '../../src/bytes/writer.ts';
import { queryableState } from '../../src/protocols/queryable-state.ts';
import { conversation, feed } from '../support/conversation.ts';

const message = (type: number, body: Uint8Array): Uint8Array =>
  new Writer()
    .uint32(8 + body.length)
    .uint32(0x79a1b710)
    .uint32(type)
    .bytes(body)
    .finish();

const request = message(
  0,
  new Writer()
    .uint64(1n)
    .bytes(new Uint8Array(16))
    .uint32(5)
    .bytes(Buffer.from('cards'))
    .uint32(77)
    .uint32(9)
    .bytes(new Uint8Array(9))
    .finish(),
);
const result = message(1, new Writer().uint64(1n).uint32(40).bytes(new Uint8Array(40)).finish());

t.test('a request and its result are a transfer of state with the state’s name', async (t) => {
  const follower = feed(queryableState, conversation([0, request], [1, result]));
  t.equal(follower.certainty, 'sure');
  t.match(follower.reading(), {
    channel: 'queryable-state',
    clientSide: 0,
    answered: true,
    details: { messages: ['REQUEST ×1', 'REQUEST_RESULT ×1'], states: ['cards'] },
    stateTransfer: [{ kind: 'queryable-state', side: 1, bytes: 40, count: 1, names: ['cards'] }],
  });
});

t.test('the harmless ask and its failure prove the port and transfer nothing', async (t) => {
  const ask = fromHex('00000010 79a1b710 00000001 0000000000000000');
  const failure = message(
    3,
    Buffer.concat([fromHex('aced0005 73720022'), Buffer.from('java.lang.IllegalArgumentException')]),
  );
  const follower = feed(queryableState, conversation([0, ask], [1, failure]));
  t.equal(follower.certainty, 'sure');
  t.same(follower.reading().stateTransfer, []);
});

t.test('one message alone proves nothing, another version is another protocol', async (t) => {
  t.equal(feed(queryableState, conversation([0, request])).certainty, 'maybe');
  t.equal(feed(queryableState, conversation([0, fromHex('00000010 79a1b711')])).certainty, 'no');
});
