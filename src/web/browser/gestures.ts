import { type PageQuery, pageAddress, parseQuery } from '../query.ts';

export interface Gestures {
  readonly go: (address: string) => void;
  readonly query: () => PageQuery;
  readonly run: (cluster: string) => Promise<void>;
  /** Said to those who listen to the page. */
  readonly tell: (text: string) => void;
}

/** Clicks, choices and keys, all heard at one place: the templates name what they are by `data-…`. */
export function listen(place: HTMLElement, gestures: Gestures): void {
  place.addEventListener('click', (event) => clicked(event, gestures));
  place.addEventListener('change', (event) => chosen(event, gestures));
  place.addEventListener('submit', (event) => event.preventDefault());
  place.addEventListener('keydown', (event) => pressed(event, place));
  document.addEventListener('click', (event) => closeMenus(event.target));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeMenus(null);
  });
}

function clicked(event: MouseEvent, { go, run, tell }: Gestures): void {
  const target = event.target as Element;
  const link = target.closest<HTMLAnchorElement>('a[data-go]');
  if (link !== null) {
    // Another tab or window was asked for.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const { pathname, search } = new URL(link.href);
    go(`${pathname}${search}`);
    if (link.hash === '#detail') showDetail(link.hasAttribute('data-finding') && event.detail === 0 ? 'focus' : 'show');
    return;
  }
  const button = target.closest<HTMLButtonElement>('button[data-run], button[data-copy], button[data-incident]');
  if (button?.dataset.run !== undefined) void run(button.dataset.run);
  if (button?.dataset.copy !== undefined) void copy(button, button.dataset.copy, tell);
  const { incident, link: address } = button?.dataset ?? {};
  if (button !== null && incident !== undefined)
    void copy(button, `${incident}\n${location.origin}${address ?? '/'}`, tell);
}

/** Where the detail stands below the list, it is brought into sight. Who came by keys goes on reading there. */
function showDetail(how: 'focus' | 'show'): void {
  const detail = document.querySelector<HTMLElement>('#detail');
  if (detail === null) return;
  if (how === 'focus') detail.focus({ preventScroll: true });
  detail.scrollTop = 0;
  const { top, bottom } = detail.getBoundingClientRect();
  if (top >= 0 && top < innerHeight * 0.6) return;
  if (top < 0 && bottom > innerHeight * 0.6) return;
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  detail.scrollIntoView({ block: 'start', behavior: isCalm ? 'auto' : 'smooth' });
}

const COPIED_MS = 2_000;

async function copy(button: HTMLButtonElement, text: string, tell: Gestures['tell']): Promise<void> {
  const isCopied = (await written(text)) || selected(text);
  if (!isCopied) {
    tell('The browser does not let pages copy.');
    return;
  }
  button.classList.add('done');
  tell('Copied.');
  setTimeout(() => button.classList.remove('done'), COPIED_MS);
}

async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS, and not on loopback, browsers have no clipboard for pages.
    return false;
  }
}

/** The old way: a selection is copied. */
function selected(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'quiet';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return isCopied;
}

function chosen(event: Event, { go, query }: Gestures): void {
  const select = event.target as HTMLSelectElement;
  if (select.id === 'cluster') go(pageAddress({ cluster: select.value, status: 'open' }));
  else if (select.matches('[data-filter]')) {
    const parameters = new URLSearchParams(pageAddress(query()).slice(2));
    parameters.set(select.name, select.value);
    for (const name of ['finding', 'cell']) parameters.delete(name);
    go(pageAddress(parseQuery(parameters)));
  }
}

const STEPS: Readonly<Record<string, readonly [right: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Arrows go from cell to cell of the grid, over what is empty; Home and End to the ends of the row. */
function pressed(event: KeyboardEvent, place: HTMLElement): void {
  const cell = (event.target as Element).closest<HTMLElement>('[data-cell]');
  if (cell === null || event.metaKey || event.ctrlKey || event.altKey) return;
  const next = STEPS[event.key] === undefined ? end(cell, event.key) : step(cell, STEPS[event.key]!, place);
  if (next === undefined) return;
  event.preventDefault();
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function step(
  from: HTMLElement,
  [right, down]: readonly [number, number],
  place: HTMLElement,
): HTMLElement | undefined {
  const rows = [...place.querySelectorAll<HTMLTableRowElement>('.grid tbody tr')];
  const cell = from.closest('td')!;
  let y = rows.indexOf(cell.closest('tr')!);
  let x = cell.cellIndex;
  for (;;) {
    x += right;
    y += down;
    const there = rows[y]?.cells[x];
    if (there === undefined) return undefined;
    const found = there.querySelector<HTMLElement>('[data-cell]');
    if (found !== null) return found;
  }
}

function end(from: HTMLElement, key: string): HTMLElement | undefined {
  const cells = [...from.closest('tr')!.querySelectorAll<HTMLElement>('[data-cell]')];
  return key === 'Home' ? cells[0] : key === 'End' ? cells.at(-1) : undefined;
}

function closeMenus(except: EventTarget | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]')) {
    if (!(except instanceof Node && menu.contains(except))) menu.open = false;
  }
}
