import type { Socket } from 'node:net';
import { reset } from './no-tls.ts';

/** How real Flink answers in clear, byte for byte where the length does not depend on the process; read and sent raw. */
export type Answering = (socket: Socket, own: OwnAddress) => void;

/** What an RPC system says of itself. */
export interface OwnAddress {
  readonly system: 'flink' | 'flink-metrics';
  readonly host: string;
  readonly port: number;
  readonly uid: bigint;
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const DISASSOCIATE = hex('00000004 12020802 00000000');
const FRAME_MAX = 10 * 1024 * 1024;

/**
 * Throwables as OpenJDK 17 serializes them (`ObjectOutputStream`), stack trace left empty: class and own fields differ,
 * the rest is java.lang.Throwable's.
 */
function throwable(classes: string, handle: string, message: string): Buffer {
  const text = Buffer.from(message);
  const length = Buffer.from([text.length >> 8, text.length & 0xff]);
  return Buffer.concat([hex(`aced0005 ${classes} ${THROWABLE} 71007e00${handle}74`), length, text, hex(STACK)]);
}

const EXCEPTION = '7200136a6176612e6c616e672e457863657074696f6ed0fd1f3e1a3b1cc4020000 78';
const RUNTIME = `72001a6a6176612e6c616e672e52756e74696d65457863657074696f6e9e5f06470a3483e5020000 78${EXCEPTION}`;
const THROWABLE =
  '7200136a6176612e6c616e672e5468726f7761626c65d5c635273977b8cb0300044c000563617573657400154c6a6176612f6c616e672f' +
  '5468726f7761626c653b4c000d64657461696c4d6573736167657400124c6a6176612f6c616e672f537472696e673b5b000a737461636b' +
  '547261636574001e5b4c6a6176612f6c616e672f537461636b5472616365456c656d656e743b4c0014737570707265737365644578636570' +
  '74696f6e737400104c6a6176612f7574696c2f4c6973743b7870';
const STACK =
  '7572001e5b4c6a6176612e6c616e672e537461636b5472616365456c656d656e743b02462a3c3cfd22390200007870000000007372001f' +
  '6a6176612e7574696c2e436f6c6c656374696f6e7324456d7074794c6973747ab817b43ca79ede020000787078';

export const NO_READER: Buffer = throwable(
  `7372001f6a6176612e6c616e672e496c6c6567616c5374617465457863657074696f6ee65755e69a46f24802000078${RUNTIME}`,
  '08',
  `No reader for receiverId = ${'0'.repeat(32)} exists.`,
);
export const BAD_ADDRESSING: Buffer = throwable(
  `737200136a6176612e696f2e494f457863657074696f6e6c8073646525f0ab02000078${EXCEPTION}`,
  '07',
  'Unknown type of BLOB addressing: 1.',
);
export const STRAY_RESULT: Buffer = throwable(
  `737200226a6176612e6c616e672e496c6c6567616c417267756d656e74457863657074696f6eb58973d37d668fbc02000078${RUNTIME}`,
  '08',
  'Unexpected message type: REQUEST_RESULT',
);

/** Collects what a socket sends, and calls whenever there is more; answers nothing once that call says so. */
function collect(socket: Socket, take: (bytes: Buffer) => 'more' | 'done'): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onData = (piece: Buffer): void => {
    bytes = Buffer.concat([bytes, piece]);
    if (take(bytes) === 'more') return;
    socket.off('data', onData);
    socket.resume();
  };
  socket.on('data', onData);
}

/** Length-prefixed frames; `undefined` while the first is not whole. */
function frame(bytes: Buffer, lengthCounts: 'itself' | 'rest'): Buffer | undefined {
  if (bytes.length < 4) return undefined;
  const end = bytes.readUInt32BE(0) + (lengthCounts === 'rest' ? 4 : 0);
  return bytes.length < end ? undefined : bytes.subarray(4, end);
}

function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function protobuf(field: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value]);
}

/** ASSOCIATE of this process, as it answers another's (`PekkoHandshakeInfo`: origin, uid). */
function associate(own: OwnAddress): Buffer {
  const port = Buffer.from([0x18, (own.port & 0x7f) | 0x80, ((own.port >> 7) & 0x7f) | 0x80, own.port >> 14]);
  const names = [protobuf(1, Buffer.from(own.system)), protobuf(2, Buffer.from(own.host))];
  const address = protobuf(1, Buffer.concat([...names, port, protobuf(4, Buffer.from('tcp'))]));
  const uid = Buffer.alloc(9, 0x11);
  uid.writeBigUInt64LE(own.uid, 1);
  const control = Buffer.concat([hex('0801'), protobuf(2, Buffer.concat([address, uid]))]);
  const payload = protobuf(2, control);
  return Buffer.concat([be32(payload.length), payload]);
}

/** Pekko's classic remoting: a stray message is answered by DISASSOCIATE, a frame above 10 MiB by FIN. */
export const rpc: Answering = (socket, own) =>
  collect(socket, (bytes) => {
    if (bytes.length >= 4 && bytes.readUInt32BE(0) > FRAME_MAX) {
      socket.end();
      return 'done';
    }
    const payload = frame(bytes, 'rest');
    if (payload === undefined) return 'more';
    const command = payload[0] === 0x12 && payload[2] === 0x08 ? payload[3] : undefined;
    if (command === 1) socket.write(associate(own));
    else if (command === undefined || command === 2) socket.end();
    else socket.end(DISASSOCIATE);
    return 'done';
  });

/** Netty's shuffle server: it waits for whole frames, of whatever length. */
export const data: Answering = (socket) => {
  let from = 0;
  socket.on('error', () => undefined);
  collect(socket, (bytes) => {
    for (;;) {
      const one = frame(bytes.subarray(from), 'itself');
      if (one === undefined) return 'more';
      from += 4 + one.length;
      if (one.readUInt32BE(0) !== 0xbadc0ffe || one[4] === 5) {
        socket.end();
        return 'done';
      }
      if (one[4] === 6) socket.write(dataError());
    }
  });
};

function dataError(): Buffer {
  const body = Buffer.concat([hex('badc0ffe 01'), NO_READER, hex('00')]);
  return Buffer.concat([be32(body.length + 4), body]);
}

/** `BlobServerConnection`: one octet tells the operation, the next the mode; others end it with unread data: RST. */
export const blob: Answering = (socket) =>
  collect(socket, (bytes) => {
    if (bytes[0] !== 1) {
      reset(socket);
      return 'done';
    }
    if (bytes.length < 2 || (bytes[1] !== 1 && bytes.length < 39)) return 'more';
    const length = Buffer.alloc(4);
    length.writeUInt32LE(BAD_ADDRESSING.length);
    socket.end(Buffer.concat([hex('01'), length, BAD_ADDRESSING]));
    return 'done';
  });

export const queryableState: Answering = (socket) =>
  collect(socket, (bytes) => {
    const one = frame(bytes, 'rest');
    if (one === undefined) return 'more';
    const body = Buffer.concat([hex('79a1b710 00000003'), STRAY_RESULT]);
    socket.write(Buffer.concat([be32(body.length), body]));
    return 'done';
  });

/** RMI: the protocol's acknowledgement with the client's own address; anything else is ended. */
export const jmx: Answering = (socket) =>
  collect(socket, (bytes) => {
    if (bytes.length < 7 && bytes[0] === 0x4a) return 'more';
    if (bytes.subarray(0, 4).toString('latin1') !== 'JRMI') {
      socket.end();
      return 'done';
    }
    const host = Buffer.from('127.0.0.1');
    socket.write(Buffer.concat([hex('4e 00'), Buffer.from([host.length]), host, be32(socket.remotePort ?? 1)]));
    return 'done';
  });

/** What a clear Netty HTTP server of Flink says to a ClientHello, then FIN (151 and 123 bytes). */
export function notFound(component: 'rest' | 'history-server'): string {
  const text = component === 'rest' ? 'Unable to load requested file /bad-request.' : 'File not found.';
  const body = JSON.stringify({ errors: [text] });
  const type = 'content-type: application/json; charset=UTF-8';
  return `HTTP/1.1 404 Not Found\r\n${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
