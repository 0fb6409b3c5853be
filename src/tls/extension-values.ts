import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { ExtensionType } from './code-points.ts';
import type { Extension, ExtensionCodec } from './extensions.ts';

const text = new TextDecoder('latin1');

/** An extension whose data are built by its codec. */
export function extension<T>(codec: ExtensionCodec<T>, value: T): Extension {
  const writer = new Writer();
  codec.write(writer, value);
  return { type: codec.type, data: writer.finish() };
}

/** Host names; bytes outside ASCII are kept one to one (latin1). The server's answer is empty (RFC 6066 section 3). */
export const serverName: ExtensionCodec<readonly string[]> = {
  type: ExtensionType.serverName,
  read(reader) {
    const names: string[] = [];
    if (reader.remaining === 0) {
      return names;
    }
    const list = reader.vector16('server_name_list');
    while (list.remaining > 0) {
      const nameType = list.uint8('name_type');
      const name = list.vector16('host_name').rest();
      if (nameType === 0) {
        names.push(text.decode(name));
      }
    }
    return names;
  },
  write(writer, names) {
    if (names.length > 0) {
      writer.vector16((list) => {
        for (const name of names) {
          list.uint8(0).vector16((inner) => inner.bytes(Buffer.from(name, 'latin1')));
        }
      });
    }
  },
};

function codes16(type: number, field: string): ExtensionCodec<readonly number[]> {
  return {
    type,
    read: (reader) => readCodes16(reader.vector16(field)),
    write: (writer, codes) => writer.vector16((list) => writeCodes16(list, codes)),
  };
}

/** All 16-bit values up to the end of the window. */
export function readCodes16(list: Reader): readonly number[] {
  const codes: number[] = [];
  while (list.remaining > 0) {
    codes.push(list.uint16('item'));
  }
  return codes;
}

export function writeCodes16(list: Writer, codes: readonly number[]): void {
  for (const code of codes) {
    list.uint16(code);
  }
}

function codes8(type: number, field: string): ExtensionCodec<readonly number[]> {
  return {
    type,
    read: (reader) => [...reader.vector8(field).rest()],
    write: (writer, codes) => writer.vector8((list) => list.bytes(Uint8Array.from(codes))),
  };
}

function flag(type: number): ExtensionCodec<true> {
  return { type, read: () => true, write: () => undefined };
}

function opaque(type: number): ExtensionCodec<Uint8Array> {
  return { type, read: (reader) => reader.rest(), write: (writer, data) => writer.bytes(data) };
}

/** RFC 8446 section 4.2.7. */
export const supportedGroups: ExtensionCodec<readonly number[]> = codes16(
  ExtensionType.supportedGroups,
  'named_group_list',
);
/** RFC 8422 section 5.1.2. */
export const ecPointFormats: ExtensionCodec<readonly number[]> = codes8(
  ExtensionType.ecPointFormats,
  'ec_point_format_list',
);
/** RFC 8446 section 4.2.3. */
export const signatureAlgorithms: ExtensionCodec<readonly number[]> = codes16(
  ExtensionType.signatureAlgorithms,
  'supported_signature_algorithms',
);
export const signatureAlgorithmsCert: ExtensionCodec<readonly number[]> = codes16(
  ExtensionType.signatureAlgorithmsCert,
  'supported_signature_algorithms',
);
/** RFC 8446 section 4.2.9. */
export const pskKeyExchangeModes: ExtensionCodec<readonly number[]> = codes8(
  ExtensionType.pskKeyExchangeModes,
  'ke_modes',
);
/** RFC 7366. */
export const encryptThenMac: ExtensionCodec<true> = flag(ExtensionType.encryptThenMac);
/** RFC 7627. */
export const extendedMasterSecret: ExtensionCodec<true> = flag(ExtensionType.extendedMasterSecret);
/** RFC 8446 section 4.2.6. */
export const postHandshakeAuth: ExtensionCodec<true> = flag(ExtensionType.postHandshakeAuth);
/** RFC 8446 section 4.2.10; in a NewSessionTicket it carries a size and is read raw. */
export const earlyData: ExtensionCodec<true> = flag(ExtensionType.earlyData);
/** RFC 5077 section 3.2: the ticket itself, or nothing. */
export const sessionTicket: ExtensionCodec<Uint8Array> = opaque(ExtensionType.sessionTicket);

/** RFC 5746 section 3.2: verify data of the connection before, empty at first. */
export const renegotiationInfo: ExtensionCodec<Uint8Array> = {
  type: ExtensionType.renegotiationInfo,
  read: (reader) => reader.vector8('renegotiated_connection').rest(),
  write: (writer, data) => writer.vector8((inner) => inner.bytes(data)),
};

/** RFC 8446 section 4.2.2. */
export const cookie: ExtensionCodec<Uint8Array> = {
  type: ExtensionType.cookie,
  read: (reader) => reader.vector16('cookie').rest(),
  write: (writer, data) => writer.vector16((inner) => inner.bytes(data)),
};

/** RFC 7301 section 3.1: names as bytes; the server's answer holds one. */
export const alpn: ExtensionCodec<readonly Uint8Array[]> = {
  type: ExtensionType.alpn,
  read(reader) {
    const list = reader.vector16('protocol_name_list');
    const names: Uint8Array[] = [];
    while (list.remaining > 0) {
      names.push(list.vector8('protocol_name').rest());
    }
    return names;
  },
  write(writer, names) {
    writer.vector16((list) => {
      for (const name of names) {
        list.vector8((inner) => inner.bytes(name));
      }
    });
  },
};

/** Printable form of an ALPN name; other bytes as `\xhh`. */
export function alpnText(name: Uint8Array): string {
  return text.decode(name).replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** RFC 8446 section 4.2.1, client form. */
export const offeredVersions: ExtensionCodec<readonly number[]> = {
  type: ExtensionType.supportedVersions,
  read: (reader) => readCodes16(reader.vector8('versions')),
  write: (writer, codes) => writer.vector8((list) => writeCodes16(list, codes)),
};

/** RFC 8446 section 4.2.1, form of ServerHello and HelloRetryRequest. */
export const selectedVersion: ExtensionCodec<number> = {
  type: ExtensionType.supportedVersions,
  read: (reader) => reader.uint16('selected_version'),
  write: (writer, version) => writer.uint16(version),
};

export interface KeyShareEntry {
  readonly group: number;
  readonly keyExchange: Uint8Array;
}

function readKeyShareEntry(reader: Reader): KeyShareEntry {
  return { group: reader.uint16('group'), keyExchange: reader.vector16('key_exchange').rest() };
}

function writeKeyShareEntry(writer: Writer, entry: KeyShareEntry): void {
  writer.uint16(entry.group).vector16((inner) => inner.bytes(entry.keyExchange));
}

/** RFC 8446 section 4.2.8, client form. */
export const clientKeyShares: ExtensionCodec<readonly KeyShareEntry[]> = {
  type: ExtensionType.keyShare,
  read(reader) {
    const list = reader.vector16('client_shares');
    const entries: KeyShareEntry[] = [];
    while (list.remaining > 0) {
      entries.push(readKeyShareEntry(list));
    }
    return entries;
  },
  write(writer, entries) {
    writer.vector16((list) => {
      for (const entry of entries) {
        writeKeyShareEntry(list, entry);
      }
    });
  },
};

/** RFC 8446 section 4.2.8, form of the ServerHello. */
export const serverKeyShare: ExtensionCodec<KeyShareEntry> = {
  type: ExtensionType.keyShare,
  read: readKeyShareEntry,
  write: writeKeyShareEntry,
};

/** RFC 8446 section 4.2.8, form of the HelloRetryRequest: the group alone. */
export const retryGroup: ExtensionCodec<number> = {
  type: ExtensionType.keyShare,
  read: (reader) => reader.uint16('selected_group'),
  write: (writer, group) => writer.uint16(group),
};

export interface OfferedPsks {
  readonly identities: readonly { readonly identity: Uint8Array; readonly obfuscatedTicketAge: number }[];
  readonly binders: readonly Uint8Array[];
}

/** RFC 8446 section 4.2.11, client form. */
export const offeredPsks: ExtensionCodec<OfferedPsks> = {
  type: ExtensionType.preSharedKey,
  read(reader) {
    const list = reader.vector16('identities');
    const identities: { identity: Uint8Array; obfuscatedTicketAge: number }[] = [];
    while (list.remaining > 0) {
      const identity = list.vector16('identity').rest();
      identities.push({ identity, obfuscatedTicketAge: list.uint32('obfuscated_ticket_age') });
    }
    const rest = reader.vector16('binders');
    const binders: Uint8Array[] = [];
    while (rest.remaining > 0) {
      binders.push(rest.vector8('binder').rest());
    }
    return { identities, binders };
  },
  write(writer, value) {
    writer.vector16((list) => {
      for (const { identity, obfuscatedTicketAge } of value.identities) {
        list.vector16((inner) => inner.bytes(identity)).uint32(obfuscatedTicketAge);
      }
    });
    writer.vector16((list) => {
      for (const binder of value.binders) {
        list.vector8((inner) => inner.bytes(binder));
      }
    });
  },
};

/** RFC 8446 section 4.2.11, form of the ServerHello: index of the identity. */
export const selectedPsk: ExtensionCodec<number> = {
  type: ExtensionType.preSharedKey,
  read: (reader) => reader.uint16('selected_identity'),
  write: (writer, index) => writer.uint16(index),
};

/** RFC 8446 section 4.2.4: DER names. */
export const certificateAuthorities: ExtensionCodec<readonly Uint8Array[]> = {
  type: ExtensionType.certificateAuthorities,
  read: (reader) => readNames(reader.vector16('authorities')),
  write: (writer, names) => writer.vector16((list) => writeNames(list, names)),
};

/** DistinguishedName vectors up to the end of the window (RFC 5246 section 7.4.4, RFC 8446 section 4.2.4). */
export function readNames(list: Reader): readonly Uint8Array[] {
  const names: Uint8Array[] = [];
  while (list.remaining > 0) {
    names.push(list.vector16('distinguished_name').rest());
  }
  return names;
}

export function writeNames(list: Writer, names: readonly Uint8Array[]): void {
  for (const name of names) {
    list.vector16((inner) => inner.bytes(name));
  }
}
