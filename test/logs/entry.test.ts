import t from 'tap';
import { readEntry, simpleName } from '../../src/logs/entry.ts';

const MESSAGE = 'Actor system started at pekko.ssl.tcp://flink@jm:6123';
const LOGGER = 'org.apache.flink.runtime.rpc.pekko.PekkoRpcServiceUtils';

function read(head: string): ReturnType<typeof readEntry> {
  return readEntry({ line: 7, head, trace: [] });
}

/** Layouts of log4j2 and logback as Flink's images, its operator and guides ship them. */
const LAYOUTS: readonly (readonly [name: string, line: string, logger: string, time: string | undefined])[] = [
  [
    "Flink's default",
    `2026-11-22 13:56:31,592 INFO  ${LOGGER}      [] - ${MESSAGE}`,
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'abbreviated loggers',
    `2026-11-22 13:56:31,592 INFO  o.a.f.r.r.p.PekkoRpcServiceUtils [] - ${MESSAGE}`,
    'o.a.f.r.r.p.PekkoRpcServiceUtils',
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'a thread before the level',
    `2026-11-22 13:56:31.592 [flink-pekko.actor.default-dispatcher-4] INFO  ${LOGGER}  - ${MESSAGE}`,
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  ['no date', `INFO  ${LOGGER} - ${MESSAGE}`, LOGGER, undefined],
  ['the class alone', `13:56:31 INFO  PekkoRpcServiceUtils:98 - ${MESSAGE}`, 'PekkoRpcServiceUtils', undefined],
  ['no logger', `2026-11-22 13:56:31,592 INFO - ${MESSAGE}`, '', '2026-11-22T13:56:31.592Z'],
  ['a zone', `2026-11-22T13:56:31,592+0100 INFO ${LOGGER} - ${MESSAGE}`, LOGGER, '2026-11-22T12:56:31.592Z'],
  [
    'Docker Compose',
    `jobmanager-1  | 2026-11-22 13:56:31,592 INFO  ${LOGGER} [] - ${MESSAGE}`,
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'CRI',
    `2026-11-22T13:56:31.600000001Z stdout F 2026-11-22 13:56:31,592 INFO  ${LOGGER} [] - ${MESSAGE}`,
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'CRI around a line without a date',
    `2026-11-22T13:56:31.600000001Z stdout F INFO  ${LOGGER} - ${MESSAGE}`,
    LOGGER,
    '2026-11-22T13:56:31.600Z',
  ],
  [
    'Docker as JSON',
    JSON.stringify({ log: `2026-11-22 13:56:31,592 INFO  ${LOGGER} [] - ${MESSAGE}\n`, stream: 'stdout' }),
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'JsonLayout',
    JSON.stringify({
      instant: { epochSecond: 1795355791, nanoOfSecond: 592_000_000 },
      thread: 'main',
      level: 'INFO',
      loggerName: LOGGER,
      message: MESSAGE,
    }),
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'ECS',
    JSON.stringify({
      '@timestamp': '2026-11-22T13:56:31.592Z',
      'log.level': 'INFO',
      message: MESSAGE,
      'log.logger': LOGGER,
    }),
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
  [
    'logstash',
    JSON.stringify({
      '@timestamp': '2026-11-22T14:56:31.592+01:00',
      message: MESSAGE,
      logger_name: LOGGER,
      level: 'INFO',
    }),
    LOGGER,
    '2026-11-22T13:56:31.592Z',
  ],
];

for (const [name, line, logger, time] of LAYOUTS) {
  t.test(`reads logger, message and time of ${name}`, (t) => {
    const entry = read(line);
    t.equal(entry.message, MESSAGE);
    t.equal(entry.logger, logger);
    t.equal(entry.time?.text, time);
    t.equal(entry.line, 7);
    t.end();
  });
}

t.test('tells a time with a zone from one without', (t) => {
  t.equal(read('2026-11-22 13:56:31,592 INFO a.B - x').time?.zone, 'assumed');
  t.equal(read('2026-11-22T13:56:31,592Z INFO a.B - x').time?.zone, 'written');
  t.end();
});

t.test('does not take a class in a message for a logger', (t) => {
  t.match(read('2026-11-22 13:56:31,592 INFO - x failed with java.lang.Exception: y'), { logger: '' });
  t.end();
});

t.test('reads the exception of a JSON layout as a trace', (t) => {
  const head = JSON.stringify({
    loggerName: 'org.apache.flink.runtime.blob.BlobServerConnection',
    message: 'Error while executing BLOB connection from /10.77.0.3:39756.',
    thrown: {
      name: 'javax.net.ssl.SSLException',
      message: 'Unsupported or unrecognized SSL message',
      cause: { name: 'java.io.IOException', message: 'x' },
    },
  });
  t.strictSame(
    read(head).trace.map((one) => one.text),
    ['javax.net.ssl.SSLException: Unsupported or unrecognized SSL message', 'java.io.IOException: x'],
  );
  t.end();
});

t.test('takes anything for an entry: broken JSON, nothing, odd numbers', (t) => {
  for (const head of [
    '{"message":',
    '',
    '{}',
    '[]',
    '{"message":1}',
    '{"message":"x","timeMillis":1e300}',
    ' - ',
    '\u0000',
  ]) {
    t.doesNotThrow(() => read(head), JSON.stringify(head));
  }
  t.end();
});

t.test('knows a class by its last name', (t) => {
  t.equal(simpleName('o.a.f.BlobServer'), 'BlobServer');
  t.equal(simpleName('a.Outer$Inner'), 'Outer');
  t.equal(simpleName(''), '');
  t.end();
});
