import type { RunSummary } from '../daemon/types.ts';
import { SEVERITIES } from '../model/report.ts';
import type { Fragment } from './template.ts';
import { HAPPENING_LETTERS } from './view-history.ts';
import type { View } from './view-page.ts';
import { clock, DAY, date, HOUR, MINUTE, moment, plural } from './words.ts';

/** Fewer say nothing. */
const LEAST_RUNS = 3;
/** Pixels: letters of marks, then the plot, then the times. */
const TOP = 20;
const PLOT = 130;
const BOTTOM = 22;
/** So that one failure of one is no wall. */
const LEAST_MOST = 4;
/** Letters nearer to each other, in hundredths of the width, would stand on each other; their lines do not. */
const LETTER_ROOM = 2.5;
const MOST_TICKS = 6;
const TICKS: readonly number[] = [
  ...[1, 5, 10, 30].map((minutes) => minutes * MINUTE),
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY),
];

/** What runs in a row told alike, from the first of them until the next. */
interface Step {
  readonly from: string;
  readonly to: string;
  readonly all: number;
  readonly worst: number;
}

export function failuresOf({ failed }: RunSummary): number {
  return SEVERITIES.reduce((sum, severity) => sum + failed[severity], 0);
}

/** Runs oldest first. The last one holds until now. */
export function stepsOf(runs: readonly RunSummary[], now: string): readonly Step[] {
  const steps: Step[] = [];
  for (const run of runs) {
    const [all, worst] = [failuresOf(run), run.failed.critical + run.failed.high];
    const last = steps.at(-1);
    if (last !== undefined) steps[steps.length - 1] = { ...last, to: run.finishedAt };
    if (last?.all === all && last.worst === worst) continue;
    steps.push({ from: run.finishedAt, to: run.finishedAt, all, worst });
  }
  const last = steps.at(-1);
  if (last !== undefined && now > last.to) steps[steps.length - 1] = { ...last, to: now };
  return steps;
}

/** Failures over time, with what happened to the cluster; nothing where there are too few runs for it. */
export function chartView(view: View): Fragment | '' {
  const { html, svg, model, now } = view;
  if (model.runs.length < LEAST_RUNS) return '';
  const steps = stepsOf([...model.runs].reverse(), now);
  const [start, end] = [Date.parse(steps[0]!.from), Date.parse(steps.at(-1)!.to)];
  const most = Math.max(LEAST_MOST, ...steps.map(({ all }) => all));
  const place = (at: number): number => ((at - start) / Math.max(1, end - start)) * 100;
  const bar = ({ from, to }: Step, kind: 'all' | 'worst', value: number, title: Fragment | ''): Fragment => {
    const [x, height] = [place(Date.parse(from)), (value / most) * PLOT];
    return svg`<rect class="${kind}" x="${percent(x)}" width="${percent(place(Date.parse(to)) - x)}" y="${(TOP + PLOT - height).toFixed(1)}" height="${height.toFixed(1)}">${title}</rect>`;
  };
  const titleOf = ({ from, to, all, worst }: Step): Fragment =>
    svg`<title>${moment(from, now)} to ${moment(to, now)} UTC: ${plural(all, 'failure')}, ${worst} critical or high</title>`;
  return html`<div id="chart" class="chart"><svg width="100%" height="${TOP + PLOT + BOTTOM}" role="img" aria-label="Failures over time, ${plural(model.runs.length, 'run')}; the table below says the same">
      <line class="base" x1="0" x2="100%" y1="${TOP + PLOT}" y2="${TOP + PLOT}" /><line class="base" x1="0" x2="100%" y1="${TOP}" y2="${TOP}" /><text x="0" y="${TOP + 13}">${most}</text>
      ${steps.flatMap((step) => [bar(step, 'all', step.all, titleOf(step)), bar(step, 'worst', step.worst, titleOf(step))])}
      ${ticksOf(start, end).map((at) => svg`<text x="${percent(place(at))}" y="${TOP + PLOT + 16}">${tickText(at, end - start)}</text>`)}
      ${marks(view, place)}
    </svg><p class="caption"><i class="swatch worst"></i>critical and high <i class="swatch all"></i>all failures; letters: what happened, in UTC</p></div>`;
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}

/** Whole minutes, hours or days, some of them in the whole time. */
export function ticksOf(start: number, end: number): readonly number[] {
  const every = TICKS.find((one) => (end - start) / one <= MOST_TICKS) ?? TICKS.at(-1)!;
  const first = Math.ceil(start / every) * every;
  // The last one would be cut off at the edge.
  const room = (end - start) * 0.95;
  const ticks: number[] = [];
  for (let at = first; at <= start + room; at += every) ticks.push(at);
  return ticks;
}

function tickText(at: number, whole: number): string {
  const text = new Date(at).toISOString();
  return whole > 2 * DAY ? date(text).slice(0, -5) : clock(text);
}

/** A thin line and a letter for each; newest first, so that of two at one place the newer keeps its letter. */
function marks({ svg, model, now }: View, place: (at: number) => number): readonly Fragment[] {
  let last = Number.POSITIVE_INFINITY;
  return model.happenings.flatMap(({ at, kind, text }) => {
    const [letter, x] = [HAPPENING_LETTERS[kind], place(Date.parse(at))];
    if (letter === undefined || x < 0 || x > 100) return [];
    const hasRoom = Math.abs(last - x) >= LETTER_ROOM;
    if (hasRoom) last = x;
    const line = svg`<line class="mark" x1="${percent(x)}" x2="${percent(x)}" y1="${TOP - 4}" y2="${TOP + PLOT}"><title>${moment(at, now)}: ${text}</title></line>`;
    return hasRoom
      ? [
          line,
          svg`<text class="mark" x="${percent(Math.min(Math.max(x, 1), 99))}" y="${TOP - 8}" text-anchor="middle">${letter}</text>`,
        ]
      : [line];
  });
}
