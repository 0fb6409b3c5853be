import t, { type Test } from 'tap';
import { HTTP_LIMITS } from '../../src/http/limits.ts';
import { reportOf } from '../daemon/cluster-report.ts';
import { until } from '../support/until.ts';
import { StandIn, served } from './stand-in.ts';
import { unreading } from './upgraded.ts';

/** One frame of a client (RFC 6455 section 5.2), masked with zeros unless said otherwise. */
function frame(first: number, payload: Uint8Array | string = '', masked: 'masked' | 'unmasked' = 'masked'): Buffer {
  const body = Buffer.from(payload);
  const mask = masked === 'masked' ? 0x80 : 0;
  const length = body.length < 126 ? [mask | body.length] : [mask | 126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([first, ...length]), Buffer.alloc(masked === 'masked' ? 4 : 0), body]);
}

const [FIN, TEXT, BINARY, CLOSE, PING, PONG] = [0x80, 1, 2, 8, 9, 10] as const;
/** RFC 6455 section 7.4.1. */
const [PROTOCOL_ERROR, NOT_UTF8, NOTHING_TO_SAY, TOO_BIG] = [1002, 1007, 1008, 1009] as const;

/** What a client must not send, by what is wrong with it, and the code that it has to be closed with. */
const FRAMES: readonly (readonly [wrong: string, bytes: Buffer, code: number])[] = [
  ['a text without a mask', frame(FIN | TEXT, 'a', 'unmasked'), PROTOCOL_ERROR],
  ['a ping without a mask', frame(FIN | PING, '', 'unmasked'), PROTOCOL_ERROR],
  ...[0x40, 0x20, 0x10].map((bit) => [`reserved bit ${bit}`, frame(FIN | bit | TEXT, 'a'), PROTOCOL_ERROR] as const),
  ...[3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf].map(
    (opcode) => [`reserved opcode ${opcode}`, frame(FIN | opcode, 'a'), PROTOCOL_ERROR] as const,
  ),
  ['a continuation of nothing', frame(FIN, 'a'), PROTOCOL_ERROR],
  ['a message within a message', Buffer.concat([frame(TEXT, 'a'), frame(FIN | TEXT, 'b')]), PROTOCOL_ERROR],
  ['a ping in pieces', frame(PING, 'a'), PROTOCOL_ERROR],
  ['a ping that is too long', frame(FIN | PING, Buffer.alloc(126)), PROTOCOL_ERROR],
  ['a close frame of one octet', frame(FIN | CLOSE, 'a'), PROTOCOL_ERROR],
  ['a close code that nobody may send', frame(FIN | CLOSE, Buffer.from([0x03, 0xed])), PROTOCOL_ERROR],
  ['a close reason that is no UTF-8', frame(FIN | CLOSE, Buffer.from([0x03, 0xe8, 0xc3, 0x28])), NOT_UTF8],
  ['a text that is no UTF-8', frame(FIN | TEXT, Buffer.from([0xc3, 0x28])), NOT_UTF8],
  [
    'a text that is no UTF-8 in pieces',
    Buffer.concat([frame(TEXT, Buffer.from([0xc3])), frame(FIN, Buffer.from([0x28]))]),
    NOT_UTF8,
  ],
  ['a length of 2^63', Buffer.from([FIN | BINARY, 0xff, 0xff, ...Buffer.alloc(11)]), TOO_BIG],
  ['a length of 2^40', Buffer.from([FIN | BINARY, 0xff, 0, 0, 1, ...Buffer.alloc(9)]), TOO_BIG],
  ['a message that is too long', frame(FIN | BINARY, Buffer.alloc(1025)), TOO_BIG],
  [
    'a message that is too long in 2,000 pieces',
    Buffer.concat([frame(BINARY, 'a'), ...Array.from({ length: 2000 }, () => frame(0, 'a'))]),
    TOO_BIG,
  ],
  ['a message', frame(FIN | TEXT, 'hello'), NOTHING_TO_SAY],
];

/** The code of the close frame with which the server ended it (section 5.5.1); undefined: it just ended. */
async function closeCode(t: Test, address: string, bytes: Buffer): Promise<number | undefined> {
  const socket = await unreading(t, address);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  const end = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await end;
  const octets = Buffer.concat(chunks);
  for (let at = octets.length - 4; at >= 0; at -= 1) {
    const isClose = octets[at] === (FIN | CLOSE) && octets[at + 1] === octets.length - at - 2;
    if (isClose) return octets.readUInt16BE(at + 2);
  }
  return undefined;
}

t.test('frames that no client may send end their reader, by the code of RFC 6455, and nobody else', async (t) => {
  const control = new StandIn(['prod']);
  control.commit('prod', reportOf({}));
  const { address } = await served(control);
  const quiet = await unreading(t, address);
  const codes = await Promise.all(FRAMES.map(([, bytes]) => closeCode(t, address, bytes)));
  for (const [index, [wrong, , code]] of FRAMES.entries()) t.equal(codes[index], code, wrong);
  t.notOk(quiet.destroyed, 'who says nothing stays');
  const metrics = await (await fetch(`${address}/metrics`)).text();
  t.match(metrics, /^flinkprobe_live_readers 1$/m);
  const { items } = (await (await fetch(`${address}/api/v1/runs`)).json()) as { items: unknown[] };
  t.equal(items.length, 1, 'nothing is lost');
});

t.test('octets that are no frames at all harm nobody', async (t) => {
  const { address } = await served(new StandIn(['prod']));
  // Not random: what happens to be a frame that goes on would be waited for.
  const rubbish = [0x00, 0xff, 0x7f, 0xaa, 0x16].map((octet) => Buffer.alloc(64, octet));
  const codes = await Promise.all(rubbish.map((bytes) => closeCode(t, address, bytes)));
  for (const code of codes) t.ok(code === PROTOCOL_ERROR || code === TOO_BIG, `${code}`);
  t.equal((await fetch(`${address}/healthz`)).status, 200);
});

t.test('who sends pings without end and reads no answer is cut off before the answers fill the memory', async (t) => {
  const waitingBytes = 64 * 1024;
  const { address } = await served(
    new StandIn(['prod']),
    {},
    { limits: { live: { ...HTTP_LIMITS.live, waitingBytes, stallMs: 60_000 } } },
  );
  const socket = await unreading(t, address);
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(FIN | PING, Buffer.alloc(125))));
  let sent = 0;
  const flood = (): void => {
    while (!socket.destroyed && socket.writable && sent < 200 * 1024 * 1024) {
      sent += pings.length;
      if (!socket.write(pings)) return void socket.once('drain', flood);
    }
  };
  flood();
  await until('the end of it', () => socket.destroyed || socket.errored !== null, 20_000);
  t.ok(sent < 200 * 1024 * 1024, `after ${sent} octets`);
  t.equal((await fetch(`${address}/healthz`)).status, 200);
});

t.test('pings that are read are answered, and pongs that nobody asked for are not', async (t) => {
  const { address } = await served(new StandIn(['prod']));
  const socket = await unreading(t, address);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  socket.write(Buffer.concat([frame(FIN | PONG, 'why'), frame(FIN | PING, 'alive?')]));
  const answer = Buffer.concat([Buffer.from([FIN | PONG, 6]), Buffer.from('alive?')]);
  await until('a pong', () => Buffer.concat(chunks).includes(answer));
  t.notOk(Buffer.concat(chunks).includes('why'));
});
