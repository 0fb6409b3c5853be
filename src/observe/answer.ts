import type { Observation } from '../model/report.ts';
import type { SideHead } from './dialogue.ts';
import type { ConnectionRecord } from './record.ts';

type Answer = NonNullable<Observation['answer']>;

/** Alert names that occur as an answer to something that is not TLS (RFC 8446 section 6, IANA). */
const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  40: 'handshake_failure',
  42: 'bad_certificate',
  46: 'certificate_unknown',
  70: 'protocol_version',
  80: 'internal_error',
  90: 'user_canceled',
};

const isTlsRecord = (bytes: Uint8Array): boolean =>
  bytes.length >= 3 && bytes[0]! >= 20 && bytes[0]! <= 24 && bytes[1] === 3 && bytes[2]! <= 4;

/** The alerts of a head that holds nothing but plain alert records. */
export function plainAlerts(bytes: Uint8Array): readonly { level: number; code: number }[] {
  const alerts: { level: number; code: number }[] = [];
  for (let at = 0; at + 7 <= bytes.length; at += 7) {
    if (bytes[at] !== 21 || bytes[at + 1] !== 3 || bytes[at + 3] !== 0 || bytes[at + 4] !== 2) break;
    alerts.push({ level: bytes[at + 5]!, code: bytes[at + 6]! });
  }
  return alerts;
}

function hex(bytes: Uint8Array, most: number): string {
  return Buffer.from(bytes.subarray(0, most)).toString('hex');
}

function seconds(record: ConnectionRecord): string {
  const span = record.last.seconds - record.first.seconds + (record.last.nanoseconds - record.first.nanoseconds) / 1e9;
  return `${Math.max(0, span).toFixed(1)} s`;
}

/**
 * What the other side did where it did not answer in kind.
 *
 * `asked` names what the client said, for the sentence. `heard`: at least one packet of the other side was captured.
 */
export function describeAnswer(record: ConnectionRecord, head: SideHead, asked: string, identified?: string): Answer {
  const alerts = plainAlerts(head.bytes);
  if (alerts.length > 0) {
    const names = alerts.map(
      ({ level, code }) => `${level === 1 ? 'warning' : 'fatal'} ${ALERTS[code] ?? `alert`} (${code})`,
    );
    return {
      kind: 'alert',
      text: `${asked} was answered by a TLS alert: ${names.join(', ')}`,
      firstBytes: hex(head.bytes, 7 * alerts.length),
    };
  }
  if (isTlsRecord(head.bytes)) {
    return { kind: 'tls', text: `${asked} was answered by a TLS record`, firstBytes: hex(head.bytes, 5) };
  }
  if (head.length > 0) {
    const what = identified ?? 'bytes that are not TLS';
    return { kind: 'plaintext', text: `${asked} was answered in clear: ${what}`, firstBytes: hex(head.bytes, 12) };
  }
  if (head.order === 'second') return silence(record, asked, ', then the other side gave up');
  if (head.ended === 'fin') return { kind: 'fin', text: `${asked} was answered by FIN without a byte` };
  if (head.ended === 'rst') return { kind: 'reset', text: `${asked} was answered by RST without a byte` };
  return silence(record, asked, '');
}

function silence(record: ConnectionRecord, asked: string, end: string): Answer {
  return { kind: 'silence', text: `${asked} was answered by silence for ${seconds(record)}${end}` };
}
