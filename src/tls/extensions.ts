import { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';

/** An extension as it stands on the wire (RFC 8446 section 4.2); `extension-values.ts` reads the data. */
export interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** `undefined`: no extension block at all, as old peers send; an empty block is `[]`. */
export type Extensions = readonly Extension[] | undefined;

/**
 * RFC 8446 section 4.2. Data are views.
 *
 * @throws DecodeError `duplicate` where a type appears twice: "There MUST NOT be more than one extension of the same type"
 */
export function readExtensions(reader: Reader): readonly Extension[] {
  const block = reader.vector16('extensions');
  const extensions: Extension[] = [];
  const types = new Set<number>();
  while (block.remaining > 0) {
    const type = block.uint16('extension_type');
    if (types.has(type)) {
      throw block.fail('duplicate', 'extension_type', `${type}`);
    }
    types.add(type);
    extensions.push({ type, data: block.vector16('extension_data').rest() });
  }
  return extensions;
}

/** The block may be absent in messages of TLS 1.2 and before (RFC 5246 section 7.4.1.2). */
export function readOptionalExtensions(reader: Reader): Extensions {
  return reader.remaining === 0 ? undefined : readExtensions(reader);
}

/**
 * What a witness can still read: every complete extension, duplicates included, of a block that may be cut or end
 * early. Problems are named in `problems`.
 */
export function scanExtensions(reader: Reader, problems: string[]): Extensions {
  if (reader.remaining === 0) {
    return undefined;
  }
  const extensions: Extension[] = [];
  const declared = reader.remaining < 2 ? 0 : reader.uint16('extensions');
  if (declared > reader.remaining) {
    problems.push(`extensions: ${declared} bytes announced, ${reader.remaining} there`);
  }
  const block = reader.window(Math.min(declared, reader.remaining), 'extensions');
  const types = new Set<number>();
  while (block.remaining >= 4) {
    const type = block.uint16('extension_type');
    const length = block.uint16('extension_data');
    if (length > block.remaining) {
      problems.push(`extension ${type} is cut`);
      break;
    }
    if (types.has(type)) {
      problems.push(`extension ${type} appears more than once`);
    }
    types.add(type);
    extensions.push({ type, data: block.bytes(length, 'extension_data') });
  }
  return extensions;
}

export function writeExtensions(writer: Writer, extensions: readonly Extension[]): Writer {
  return writer.vector16((block) => {
    for (const { type, data } of extensions) {
      block.uint16(type).vector16((inner) => inner.bytes(data));
    }
  });
}

export function findExtension(extensions: Extensions, type: number): Extension | undefined {
  return extensions?.find((extension) => extension.type === type);
}

/** How the data of one extension type are read and written. */
export interface ExtensionCodec<T> {
  readonly type: number;
  /** @throws DecodeError */
  readonly read: (reader: Reader) => T;
  readonly write: (writer: Writer, value: T) => void;
}

/**
 * Value of the first extension of the codec's type; `undefined` where there is none.
 *
 * @throws DecodeError where its data are malformed
 */
export function extensionValue<T>(extensions: Extensions, codec: ExtensionCodec<T>): T | undefined {
  const extension = findExtension(extensions, codec.type);
  if (extension === undefined) {
    return undefined;
  }
  const reader = new Reader(extension.data, `extension_${codec.type}`);
  const value = codec.read(reader);
  reader.end();
  return value;
}
