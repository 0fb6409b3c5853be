import type { Reader } from '../bytes/reader.ts';
import { Writer } from '../bytes/writer.ts';
import { ALERTS } from './code-points.ts';

export type AlertLevel = 'warning' | 'fatal';

/** RFC 8446 section 6: two octets. */
export interface Alert {
  readonly level: AlertLevel;
  readonly code: number;
}

export function readAlert(reader: Reader): Alert {
  const level = reader.uint8('level');
  if (level !== 1 && level !== 2) {
    throw reader.fail('illegal-value', 'level', `${level}`);
  }
  const alert: Alert = { level: level === 1 ? 'warning' : 'fatal', code: reader.uint8('description') };
  reader.end();
  return alert;
}

export function writeAlert(alert: Alert): Uint8Array {
  return new Writer()
    .uint8(alert.level === 'warning' ? 1 : 2)
    .uint8(alert.code)
    .finish();
}

/** `bad_certificate`, or `unknown_0x..`. */
export function alertName(code: number): string {
  return ALERTS.name(code);
}
