import { KeyStoreError } from './entries.ts';

/** What stands between `-----BEGIN label-----` and its end. */
export interface PemBlock {
  readonly label: string;
  /** Line of its beginning, from 1. */
  readonly line: number;
  readonly der: Uint8Array;
  /** Its headers say that it is encrypted (RFC 1421 section 4.6.1.1). */
  readonly encrypted: boolean;
  /** Line by line, as it stood there. */
  readonly text: string;
}

const BEGIN = /^-----BEGIN ([A-Z0-9][A-Z0-9 .#-]*)-----$/;
const END = /^-----END ([A-Z0-9][A-Z0-9 .#-]*)-----$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const HEADER = /^[A-Za-z][A-Za-z0-9-]*:/;

/** Whether there is anything like PEM in the file. */
export function looksLikePem(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return text.includes('-----BEGIN ') || text.includes('-----END ');
}

/**
 * The blocks of a PEM text in their order; text around them, as OpenSSL writes it, is passed over.
 *
 * @throws KeyStoreError with the line: a block without end, with another end, or with what is no base64
 */
export function readPemBlocks(bytes: Uint8Array, file: string): PemBlock[] {
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .split(/\r\n|\n|\r/);
  const blocks: PemBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const label = BEGIN.exec(lines[at]!.trim())?.[1];
    if (label === undefined) {
      refuseMark(lines[at]!, file, at + 1);
      continue;
    }
    const end = endOf(lines, at, label, file);
    blocks.push(readBlock(lines, at, end, label, file));
    at = end;
  }
  return blocks;
}

/** A mark that is no mark, or an end without a beginning: something was cut or pasted badly. */
function refuseMark(line: string, file: string, number: number): void {
  if (/^\s*-----(BEGIN|END) /.test(line)) {
    throw new KeyStoreError(file, 'damaged', 'a mark of PEM without its counterpart', { line: number });
  }
}

function endOf(lines: readonly string[], begin: number, label: string, file: string): number {
  for (let at = begin + 1; at < lines.length; at++) {
    const line = lines[at]!.trim();
    const end = END.exec(line)?.[1];
    if (end === label) return at;
    if (end !== undefined || BEGIN.test(line)) break;
  }
  const detail = `${JSON.stringify(label)} begins here and has no end`;
  throw new KeyStoreError(file, 'damaged', detail, { line: begin + 1 });
}

function readBlock(lines: readonly string[], begin: number, end: number, label: string, file: string): PemBlock {
  const text = lines.slice(begin, end + 1).map((line) => line.trim());
  let at = begin + 1;
  while (at < end && HEADER.test(lines[at]!)) at++;
  const headers = lines.slice(begin + 1, at);
  // Of encrypted blocks the header may go on in indented lines, and ends with an empty one.
  if (headers.length > 0) while (at < end && /^\s/.test(lines[at]!) && lines[at]!.trim() !== '') at++;
  const encoded: string[] = [];
  for (; at < end; at++) {
    const line = lines[at]!.trim();
    if (!BASE64.test(line) || (line !== '' && encoded.at(-1)?.endsWith('=') === true)) {
      throw new KeyStoreError(file, 'damaged', 'not base64', { line: at + 1 });
    }
    if (line !== '') encoded.push(line);
  }
  const base64 = encoded.join('');
  if (base64.length % 4 !== 0 || base64 === '') {
    throw new KeyStoreError(file, 'damaged', `base64 of ${base64.length} characters is cut`, { line: end + 1 });
  }
  return {
    label,
    line: begin + 1,
    der: new Uint8Array(Buffer.from(base64, 'base64')),
    encrypted: headers.some((line) => /^Proc-Type:\s*4,\s*ENCRYPTED/.test(line)),
    text: `${text.join('\n')}\n`,
  };
}
