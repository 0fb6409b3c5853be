import { toHex } from '../bytes/hex.ts';
import type { DerReader } from './der.ts';
import {
  BIT_STRING,
  BOOLEAN,
  bitsOf,
  contextConstructed,
  formatOid,
  INTEGER,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  SEQUENCE,
} from './der.ts';
import { formatIpAddress } from './ip-address.ts';
import { escapeText, readName } from './name.ts';
import { KEY_PURPOSES, KEY_USAGES } from './object-identifiers.ts';

/** What rules need of the extensions (RFC 5280 section 4.2.1). */
export interface Extensions {
  subjectAltNames: string[];
  basicConstraints?: { ca: boolean; pathLength?: number };
  keyUsage?: string[];
  extendedKeyUsage?: string[];
}

/** The bounds keep one hostile certificate from filling the memory and the report. */
export const ALT_NAMES_MAX = 1000;
export const ALT_NAME_OCTETS_MAX = 4096;
export const KEY_PURPOSES_MAX = 100;

/**
 * Reads `Extensions` into `into`; unknown ones are passed over. A damaged extension leaves the others readable.
 *
 * @param onFault told of each extension that could not be read
 * @throws DecodeError where the list itself is damaged
 */
export function readExtensions(list: DerReader, into: Extensions, onFault: (fault: unknown) => void): void {
  while (list.remaining > 0) {
    const extension = list.inside(SEQUENCE, 'extension');
    const oid = extension.oid('extnID');
    if (extension.is(BOOLEAN)) extension.boolean('critical');
    const value = extension.element('extnValue', OCTET_STRING);
    const read = READERS[oid];
    if (read === undefined) continue;
    try {
      const reader = extension.within(value, oid);
      read(reader, into);
      reader.end();
    } catch (fault) {
      onFault(fault);
    }
  }
}

const READERS: Readonly<Record<string, (reader: DerReader, into: Extensions) => void>> = {
  '2.5.29.15': readKeyUsage,
  '2.5.29.17': readSubjectAltName,
  '2.5.29.19': readBasicConstraints,
  '2.5.29.37': readExtendedKeyUsage,
};

/** RFC 5280 section 4.2.1.3. */
function readKeyUsage(reader: DerReader, into: Extensions): void {
  const bits = bitsOf(reader.element('keyUsage', BIT_STRING).content);
  into.keyUsage = bits.map((bit) => KEY_USAGES[bit] ?? `unknown_bit_${bit}`);
}

/** RFC 5280 section 4.2.1.9. */
function readBasicConstraints(reader: DerReader, into: Extensions): void {
  const sequence = reader.inside(SEQUENCE, 'basicConstraints');
  const ca = sequence.is(BOOLEAN) ? sequence.boolean('cA') : false;
  into.basicConstraints = sequence.is(INTEGER) ? { ca, pathLength: sequence.smallInteger('pathLen') } : { ca };
  sequence.end();
}

/** RFC 5280 section 4.2.1.12. */
function readExtendedKeyUsage(reader: DerReader, into: Extensions): void {
  const sequence = reader.inside(SEQUENCE, 'extKeyUsage');
  const purposes: string[] = [];
  into.extendedKeyUsage = purposes;
  while (sequence.remaining > 0) {
    if (purposes.length >= KEY_PURPOSES_MAX) {
      throw sequence.fail('unsupported', 'keyPurposeId', `more than ${KEY_PURPOSES_MAX} purposes`);
    }
    const oid = sequence.oid('keyPurposeId');
    purposes.push(KEY_PURPOSES[oid] ?? oid);
  }
}

/** RFC 5280 section 4.2.1.6. */
function readSubjectAltName(reader: DerReader, into: Extensions): void {
  const sequence = reader.inside(SEQUENCE, 'generalNames');
  while (sequence.remaining > 0) {
    if (into.subjectAltNames.length >= ALT_NAMES_MAX) {
      throw sequence.fail('unsupported', 'generalName', `more than ${ALT_NAMES_MAX} names`);
    }
    into.subjectAltNames.push(readGeneralName(sequence));
  }
}

function readGeneralName(names: DerReader): string {
  if (names.is(contextConstructed(4))) {
    return `DirName:${readName(names.inside(contextConstructed(4), 'directoryName'), 'directoryName')}`;
  }
  if (names.is(contextConstructed(0))) {
    const other = names.inside(contextConstructed(0), 'otherName');
    return `othername:${formatOid(other.element('type-id', OBJECT_IDENTIFIER).content) ?? 'damaged'}`;
  }
  const name = names.element('generalName');
  if (name.content.length > ALT_NAME_OCTETS_MAX) {
    throw names.fail('unsupported', 'generalName', `longer than ${ALT_NAME_OCTETS_MAX} octets`);
  }
  switch (name.identifier) {
    case 0x81:
      return `email:${escapeText(name.content)}`;
    case 0x82:
      return `DNS:${escapeText(name.content)}`;
    case 0x86:
      return `URI:${escapeText(name.content)}`;
    case 0x87:
      return `IP:${formatIpAddress(name.content) ?? `#${toHex(name.content)}`}`;
    case 0x88:
      return `RID:${formatOid(name.content) ?? `#${toHex(name.content)}`}`;
    default:
      return `unknown_0x${name.identifier.toString(16).padStart(2, '0')}:#${toHex(name.content)}`;
  }
}
