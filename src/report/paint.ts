import { styleText } from 'node:util';
import type { Severity } from '../model/report.ts';

/** `ansi`: colours are written whatever the stream is; whether it is a terminal is for the caller to know. */
export type Colour = 'none' | 'ansi';

type Style = Parameters<typeof styleText>[0];

/** Words that get a colour; they are always printed as words too. */
export type Paint = (style: 'title' | 'dim' | 'pass' | 'inconclusive' | 'waived' | Severity, text: string) => string;

const STYLES: Readonly<Record<Parameters<Paint>[0], Style>> = {
  title: 'bold',
  dim: 'dim',
  pass: 'green',
  inconclusive: 'magenta',
  waived: 'gray',
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'gray',
};

export function painter(colour: Colour): Paint {
  if (colour === 'none') return (_, text) => text;
  return (style, text) => styleText(STYLES[style], text, { validateStream: false });
}
