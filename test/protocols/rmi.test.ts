import t from 'tap';
import { fromHex } from '../../src/bytes/hex.ts';
import { rmi } from '../../src/protocols/rmi.ts';
import { conversation, feed, readConversation } from '../support/conversation.ts';

const greeting = fromHex('4a524d4900024b');
const acknowledgement = fromHex('4e 0009 31302e37372e302e39 0000d19a');

t.test('the look-up of a JMX server names the channel', async (t) => {
  const reading = feed(rmi, readConversation('jmx-lookup-1.20.3')).reading();
  t.match(reading, { channel: 'jmx', clientSide: 0, answered: true });
  t.match(reading.hints, [{ kind: 'channel-port', side: 1, channel: 'jmx' }]);
});

t.test('RMI without a sign of JMX is RMI of no channel', async (t) => {
  const follower = feed(rmi, conversation([0, greeting], [1, acknowledgement]));
  t.equal(follower.certainty, 'sure');
  t.equal(follower.reading().channel, undefined);
});

t.test('needs both sides', async (t) => {
  t.equal(feed(rmi, conversation([0, greeting])).certainty, 'maybe');
  t.equal(feed(rmi, conversation([0, greeting])).reading().answered, false);
  t.equal(feed(rmi, conversation([0, greeting], [1, fromHex('15030300020246')])).certainty, 'no');
  t.equal(feed(rmi, conversation([0, greeting], [1, fromHex('4e 0009 31302e37372e302e39 7777d19a')])).certainty, 'no');
});
