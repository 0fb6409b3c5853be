import t from 'tap';
import { collectSink } from '../../src/protocols/collect-sink.ts';
import { conversation, feed, readConversation } from '../support/conversation.ts';

const version = '757472dc-615e-4396-a5b8-61b8f26d51ec';
const named = (text: string): Buffer => Buffer.concat([Buffer.from([0x25]), Buffer.from(text)]);
const first = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0]);
const again = Buffer.concat([named(version), Buffer.alloc(8)]);
const answer = Buffer.concat([named(version), Buffer.alloc(12)]);

t.test('counts the rows of a query and their bytes', async (t) => {
  const talk = readConversation<{ answers: number; rows: number; rowBytes: number }>('collect-sink-1.20.3');
  const { answers, rows, rowBytes } = talk.expected;
  const reading = feed(collectSink, talk).reading();
  t.same(reading.details, { answers, rows });
  t.match(reading.stateTransfer, [{ kind: 'query-results', side: 1, bytes: rowBytes, count: rows }]);
  t.match(reading, { channel: 'collect-sink', serverComponent: 'taskmanager', clientComponent: 'jobmanager' });
});

t.test('both sides have to name the same version', async (t) => {
  t.equal(feed(collectSink, conversation([0, first], [1, answer])).certainty, 'maybe');
  t.equal(feed(collectSink, conversation([0, first], [1, answer], [0, again])).certainty, 'sure');
  const other = Buffer.concat([named(version.replace('7', '8')), Buffer.alloc(8)]);
  t.equal(feed(collectSink, conversation([0, first], [1, answer], [0, other])).certainty, 'no');
});

t.test('answers that are not of this form end it', async (t) => {
  t.equal(feed(collectSink, conversation([0, first], [1, Buffer.from('HTTP/1.1 200 OK')])).certainty, 'no');
  t.equal(feed(collectSink, conversation([0, Buffer.from([1, 2])])).certainty, 'no');
});
