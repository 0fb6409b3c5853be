import t from 'tap';
import { EVERYTHING, TLS12_ONLY, TLS13_ONLY } from '../../../src/net/tls-client/offers.ts';
import type { HandshakeRequest, HandshakeResult } from '../../../src/net/tls-client/types.ts';
import { ALERTS } from '../../../src/tls/code-points.ts';
import { writeNewSessionTicket } from '../../../src/tls/handshake.ts';
import { mintEc } from '../../support/pki.ts';
import {
  alertRecord,
  clientHelloOf,
  flight12,
  message,
  play13,
  record,
  type ScriptedConnection,
} from '../../support/scripted-tls.ts';
import { type Play, shakeScripted } from './scripted.ts';

const identity = mintEc('P-256', { name: [['CN', 'scripted']] });
const PATIENCE = { answerMs: 4000, verdictMs: 2000 };
/** For what ends with silence after our flight. */
const SHORT_VERDICT = { answerMs: 4000, verdictMs: 100 };

function against(play: Play, request: Partial<HandshakeRequest> = {}): Promise<HandshakeResult> {
  return shakeScripted(play, { offer: EVERYTHING, goal: 'finish', patience: PATIENCE, ...request });
}

/** Plays TLS 1.2 until the client's Certificate has come. */
async function play12(connection: ScriptedConnection): Promise<void> {
  const hello = await connection.record();
  if (hello === undefined) throw new Error('no ClientHello');
  connection.write(record(22, Buffer.concat(flight12(clientHelloOf(hello), { identity, asks: true }))));
  await connection.record();
}

/** All that stacks were seen to answer an empty certificate with, and the rest of the registry beside it. */
const CODES = ALERTS.entries.map(([code]) => code).filter((code) => code !== 0 && code !== 20);

t.test('every alert after an empty certificate means refused, in TLS 1.2', async (t) => {
  for (const code of [...CODES, 255]) {
    const result = await against(
      async (connection) => {
        await play12(connection);
        connection.write(alertRecord(code));
        connection.fin();
      },
      { offer: TLS12_ONLY },
    );
    const alert = { code, description: ALERTS.name(code) };
    t.match(result, { end: 'refused', presented: 'empty', refusal: { how: 'alert', after: 'certificate', alert } });
  }
});

t.test('every alert after an empty certificate means refused, in TLS 1.3', async (t) => {
  for (const code of [...CODES, 255].filter((one) => one !== 90)) {
    const result = await against(async (connection) => {
      const { application } = await play13(connection, { identity, asks: true });
      connection.write(application.seal(21, Uint8Array.of(code % 2 === 0 ? 1 : 2, code)));
      connection.fin();
    });
    const alert = { code, description: ALERTS.name(code) };
    const refusal = { how: 'alert', after: 'certificate', alert };
    t.match(result, { end: 'refused', version: 'TLSv1.3', presented: 'empty', refusal });
  }
});

t.test('an end without an alert after an empty certificate means refused', async (t) => {
  for (const how of ['fin', 'reset'] as const) {
    const end = (connection: ScriptedConnection): void => (how === 'fin' ? connection.fin() : connection.reset());
    const older = await against(
      async (connection) => {
        await play12(connection);
        end(connection);
      },
      { offer: TLS12_ONLY },
    );
    t.match(older, { end: 'refused', refusal: { how, after: 'certificate' }, certificateRequest: { types: Array } });
    const newer = await against(async (connection) => {
      await play13(connection, { identity, asks: true });
      end(connection);
    });
    t.match(newer, { end: 'refused', refusal: { how, after: 'certificate' }, certificateRequest: { types: [] } });
  }
});

t.test('an alert with a reset on its heels is a refusal, whichever is read first', async (t) => {
  const result = await against(
    async (connection) => {
      await play12(connection);
      connection.write(alertRecord(42));
      connection.reset();
    },
    { offer: TLS12_ONLY },
  );
  t.match(result, { end: 'refused', refusal: { after: 'certificate' } });
});

const ticket = message(
  4,
  writeNewSessionTicket({
    lifetime: 100,
    tls13: { ageAdd: 1, nonce: Uint8Array.of(1), extensions: new Uint8Array(0) },
    ticket: Uint8Array.of(1, 2, 3),
  }),
);

t.test('silence proves nothing', async (t) => {
  const newer = await against(async (connection) => void (await play13(connection, { identity, asks: true })), {
    patience: SHORT_VERDICT,
  });
  t.match(newer, { end: 'unproven', presented: 'empty', version: 'TLSv1.3' });
  t.equal(newer.proof, undefined);
  const older = await against(play12, { offer: TLS12_ONLY, patience: SHORT_VERDICT });
  t.match(older, { end: 'silent', presented: 'empty', version: 'TLSv1.2' });
});

t.test('a ticket or application data prove that the server went on', async (t) => {
  const withTicket = await against(async (connection) => {
    const { application, flight } = await play13(connection, { identity, asks: true });
    t.strictSame(flight.slice(0, 8), [11, 0, 0, 4, 0, 0, 0, 0], 'the certificate was empty');
    connection.write(application.seal(22, ticket));
  });
  t.match(withTicket, { end: 'finished', proof: 'ticket', presented: 'empty' });
  const withData = await against(async (connection) => {
    const { application } = await play13(connection, { identity, asks: true });
    connection.write(application.seal(23, Buffer.from('220 ready\r\n')));
  });
  t.match(withData, { end: 'finished', proof: 'application-data' });
});

t.test('a ticket that an alert takes back proves nothing', async (t) => {
  const result = await against(async (connection) => {
    const { application } = await play13(connection, { identity, asks: true });
    connection.write(application.seal(22, ticket));
    await new Promise((resolve) => setTimeout(resolve, 15));
    connection.write(application.seal(21, Uint8Array.of(2, 116)));
  });
  t.match(result, { end: 'refused', refusal: { how: 'alert', alert: { description: 'certificate_required' } } });
  t.equal(result.proof, undefined);
});

t.test('refusals of the ClientHello', async (t) => {
  const afterHello = (act: (connection: ScriptedConnection) => void) =>
    against(async (connection) => {
      await connection.record();
      act(connection);
    });
  const alert = await afterHello((connection) => connection.write(alertRecord(40)));
  const told = { code: 40, description: 'handshake_failure' };
  t.match(alert, { end: 'refused', refusal: { how: 'alert', alert: told, after: 'client_hello' } });
  const fin = await afterHello((connection) => connection.fin());
  t.match(fin, { end: 'refused', refusal: { how: 'fin', after: 'client_hello' } });
  const reset = await afterHello((connection) => connection.reset());
  t.match(reset, { end: 'refused', refusal: { how: 'reset', after: 'client_hello' } });
  // Netty 3 on a clear port, as recorded from Flink 1.16.
  const netty = Buffer.from('150303000201' + '5a' + '150303000201' + '00', 'hex');
  const warnings = await afterHello((connection) => {
    connection.write(netty);
    connection.fin();
  });
  const first = { code: 90, description: 'user_canceled' };
  t.match(warnings, { end: 'refused', refusal: { how: 'alert', alert: first, after: 'client_hello' } });
  const silent = await against(async (connection) => void (await connection.record()), {
    patience: { answerMs: 100, verdictMs: 100 },
  });
  t.match(silent, { end: 'silent', presented: 'nothing', helloRetryRequest: false });
  t.equal(silent.refusal, undefined);
});

t.test('a warning is passed over, and told when the connection ends after it', async (t) => {
  const warned = await against(
    async (connection) => {
      const hello = await connection.record();
      const flight = flight12(clientHelloOf(hello!), { identity, asks: false });
      connection.write(Buffer.concat([alertRecord(112, 1), record(22, Buffer.concat(flight))]));
    },
    { offer: TLS12_ONLY, goal: 'server-flight' },
  );
  t.match(warned, { end: 'flight', certificateRequest: 'none' });
  const closed = await against(
    async (connection) => {
      await connection.record();
      connection.write(alertRecord(112, 1));
      connection.fin();
    },
    { offer: TLS13_ONLY },
  );
  t.match(closed, { end: 'refused', refusal: { how: 'alert', alert: { description: 'unrecognized_name' } } });
});

t.test('what is no TLS is told by its first bytes', async (t) => {
  const answers: readonly (readonly [bytes: string, name: string])[] = [
    [
      'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\nserver: scripted by a test\r\n\r\n',
      'HTTP',
    ],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'a banner'],
    ['\x16\x02\x00\x00\x05hello', 'a major version that is not 3'],
    ['\0\0\0\x04\x12\x02\x08\x02', 'a frame of Pekko'],
  ];
  for (const [answer, name] of answers) {
    const bytes = Buffer.from(answer, 'latin1');
    const result = await against(async (connection) => {
      await connection.record();
      for (const octet of bytes) {
        connection.write(Uint8Array.of(octet));
        await new Promise((resolve) => setImmediate(resolve));
      }
      connection.fin();
    });
    t.equal(result.end, 'not-tls', name);
    t.equal(Buffer.from(result.firstBytes ?? []).toString('latin1'), answer.slice(0, 64), name);
  }
});
