import t from 'tap';
import { probe } from '../../probes/history-server.ts';
import { configuration } from '../support/configurations.ts';

const OWN = 'historyserver.web.ssl.enabled: true';
const REST = 'security.ssl.rest.enabled: true';

t.test('needs both keys: either alone leaves it in clear', (t) => {
  t.equal(probe.expect(configuration(`${OWN}\n${REST}`))?.tls, 'required');
  t.match(probe.expect(configuration(`historyserver.web.port: 8082\n${REST}`)), {
    tls: 'forbidden',
    port: 8082,
    because: [{ key: 'historyserver.web.ssl.enabled', value: 'false', origin: 'default' }],
  });
  t.match(probe.expect(configuration(OWN)), { tls: 'forbidden', because: [{ key: 'security.ssl.rest.enabled' }] });
  t.end();
});

t.test('is promised nothing where no history server is configured', (t) => {
  t.equal(probe.expect(configuration(REST)), undefined);
  t.end();
});
