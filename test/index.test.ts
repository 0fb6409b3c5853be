import t from 'tap';
import { createDialer, DEFAULT_DIAL_LIMITS, loadProbes, surveyEndpoint } from '../src/index.ts';
import { serve } from './support/scripted-server.ts';

t.test('a program surveys one endpoint as verify does', async (t) => {
  const server = await serve([{ do: 'expect', bytes: 8 }, { do: 'fin' }]);
  t.teardown(() => server.close());
  const probes = new Map((await loadProbes()).map((probe) => [probe.id, probe]));
  const seen = await surveyEndpoint(
    {
      ...{ name: 'localhost', address: server.host, port: server.port },
      ...{ channel: 'blob-server', channelBasis: 'argument' },
    },
    {
      ...{ profile: 'quick', dialer: createDialer(DEFAULT_DIAL_LIMITS), probes, associate: 'not-wanted' },
      patience: { connectMs: 2000, answerMs: 500, verdictMs: 500 },
    },
  );
  t.match(seen, { vantage: 'active', channel: 'blob-server', kind: 'no-answer', asked: { name: 'localhost' } });
  t.equal(seen.asked?.connections, server.connections);
});
