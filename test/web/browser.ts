import { existsSync } from 'node:fs';
import path from 'node:path';

const NAMES = ['chromium-headless-shell', 'chrome-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** Path of a browser that playwright can drive; undefined: there is none, and what needs it is skipped. */
export function browserPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
}
