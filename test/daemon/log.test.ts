import t from 'tap';
import { createLog } from '../../src/daemon/log.ts';

function logged(
  format: 'json' | 'text',
  level: 'info' | 'warn' = 'info',
): { log: ReturnType<typeof createLog>; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level, format }, (line) => void lines.push(line)), lines };
}

t.test('a line of JSON has time, level and text, and an error its message', async (t) => {
  const { log, lines } = logged('json');
  log('error', { cluster: 'prod', err: new Error('no such host') }, 'the run failed');
  t.equal(lines.length, 1);
  t.match(JSON.parse(lines[0]!), {
    level: 'error',
    time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
    cluster: 'prod',
    err: { message: 'no such host' },
    msg: 'the run failed',
  });
});

t.test('a line for people is one line, whatever a field holds', async (t) => {
  const { log, lines } = logged('text');
  log('warn', { cluster: 'prod', problem: 'two\nlines "quoted"' }, 'REST does not answer');
  t.match(lines.join(''), /^\S+Z warn {2}REST does not answer cluster=prod problem="two\\nlines \\"quoted\\""\n$/);
});

t.test('secrets are replaced, in either form, wherever settings or requests are logged', async (t) => {
  for (const format of ['json', 'text'] as const) {
    const { log, lines } = logged(format);
    const secret = 'S3CRET-VALUE';
    log('info', { password: secret, rest: { token: secret }, headers: { authorization: secret, cookie: secret } }, 'x');
    log(
      'info',
      { sink: { routing_key: secret, password: secret }, request: { headers: { authorization: secret } } },
      'y',
    );
    t.equal(lines.length, 2);
    t.notMatch(lines.join(''), secret);
  }
});

t.test('what is below the level is not written', async (t) => {
  const { log, lines } = logged('json', 'warn');
  log('info', {}, 'nobody hears it');
  log('warn', {}, 'heard');
  t.equal(lines.length, 1);
});
