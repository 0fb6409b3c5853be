import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { browserPath } from './browser.ts';
import { AFTER, type Served, served } from './served.ts';

const executablePath = browserPath();
export const skip: string | false =
  executablePath === undefined ? 'no Chromium found (Debian: chromium-headless-shell)' : false;

export const HOME: string = `/?cluster=${AFTER}`;
/** The word, since the class is there in any state. */
export const LIVE: readonly [string, { hasText: RegExp }] = ['.live', { hasText: /^live$/ }];
export const WIDE = { width: 1280, height: 900 } as const;

export interface Opened {
  readonly tab: Page;
  /** What the browser complained of. */
  readonly complaints: string[];
  readonly requests: string[];
}

/** The page in a real browser, both of a file of tests; there only where nothing is skipped. */
export class Bench {
  #page: Served | undefined;
  #browser: Browser | undefined;

  constructor(t: Pick<Test, 'before' | 'teardown'>) {
    t.before(async () => {
      if (executablePath === undefined) return;
      this.#page = await served();
      this.#browser = await chromium.launch({ executablePath });
    });
    t.teardown(async () => {
      await this.#browser?.close();
      await this.#page?.stop();
    });
  }

  get page(): Served {
    return this.#page!;
  }

  /** A tab of its own, once it hears of live events. */
  async opened(
    t: Pick<Test, 'teardown'>,
    address: string = HOME,
    options: BrowserContextOptions = {},
    prepare: (tab: Page) => Promise<void> = async () => undefined,
  ): Promise<Opened> {
    const context = await this.#browser!.newContext({ viewport: WIDE, ...options });
    t.teardown(() => context.close());
    const tab = await context.newPage();
    await prepare(tab);
    const [complaints, requests]: [string[], string[]] = [[], []];
    tab.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    tab.on('pageerror', (error) => void complaints.push(error.message));
    tab.on('request', (request) => void requests.push(request.url()));
    tab.on('websocket', (socket) => void requests.push(socket.url()));
    await tab.goto(`${this.page.address}${address}`);
    if (options.javaScriptEnabled !== false) await tab.locator(...LIVE).waitFor();
    return { tab, complaints, requests };
  }
}
