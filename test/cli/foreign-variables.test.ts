import t from 'tap';
import { serviceVariables, withoutForeign } from '../../src/cli/foreign-variables.ts';
import { flinkprobe } from '../support/command-line.ts';

/** As the kubelet makes them ("Service", environment variables), of a Service with a named port. */
const variablesOf = (service: string): Record<string, string> => ({
  [`${service}_SERVICE_HOST`]: '10.96.10.1',
  [`${service}_SERVICE_PORT`]: '9799',
  [`${service}_SERVICE_PORT_HTTP`]: '9799',
  [`${service}_PORT`]: 'tcp://10.96.10.1:9799',
  [`${service}_PORT_9799_TCP`]: 'tcp://10.96.10.1:9799',
  [`${service}_PORT_9799_TCP_PROTO`]: 'tcp',
  [`${service}_PORT_9799_TCP_PORT`]: '9799',
  [`${service}_PORT_9799_TCP_ADDR`]: '10.96.10.1',
});

const COMMANDS = [
  ['list', 'channels'],
  ['explain', 'answers-contradict'],
  ['config', 'schema'],
  ['daemon', '--help'],
];

for (const service of ['FLINKPROBE', 'FLINKPROBE_EU_WEB']) {
  t.test(`in a pod beside a Service ${service} every command works as elsewhere`, async (t) => {
    for (const command of COMMANDS) {
      const elsewhere = await flinkprobe(command);
      const there = await flinkprobe(command, { ...variablesOf(service), FLINKPROBE_STATE_PATH: '/state/history.db' });
      t.strictSame(there, elsewhere, command.join(' '));
      t.equal(there.status, 0, there.stderr);
    }
  });
}

t.test('a variable that is meant and wrong is refused as ever, beside such a Service too', async (t) => {
  for (const more of [{}, variablesOf('FLINKPROBE')]) {
    const { stderr } = await flinkprobe(['list', 'channels'], { ...more, FLINKPROBE_FORMATT: 'json' });
    t.match(stderr, /formatt/i);
  }
  const { stderr } = await flinkprobe(['list', 'channels'], { FLINKPROBE_SERVICE_PORT: '1' });
  t.match(stderr, /service-?port/i, 'nobody else has made it: there is no Service');
});

t.test('what is hidden is there again afterwards, also after a failure', async (t) => {
  const environment = {
    ...variablesOf('FLINKPROBE'),
    FLINKPROBE_WEB_LISTEN: ':1',
    FLINKPROBE_QUIET: 'true',
    PATH: '/',
  };
  const before = { ...environment };
  t.strictSame(
    withoutForeign(environment, () => Object.keys(environment)),
    ['FLINKPROBE_QUIET', 'PATH'],
  );
  t.strictSame(environment, before);
  t.throws(() => withoutForeign(environment, () => JSON.parse('{')));
  t.strictSame(environment, before);
  t.equal(serviceVariables({ MYFLINKPROBE_SERVICE_HOST: 'x', FLINKPROBE_PORT: 'tcp://a' }).length, 0);
});
