import uPlot from 'uplot';
import type { PageModel } from '../model.ts';
import { failuresOf, HAPPENING_LETTERS } from '../view-history.ts';
import { date } from '../words.ts';

const HEIGHT = 180;
/** A line of less says nothing. */
const LEAST_RUNS = 3;

interface Mark {
  readonly at: number;
  readonly letter: string;
}

let plot: uPlot | undefined;
let drawn = '';
let marks: readonly Mark[] = [];

/** Colours are read again where they may have changed. */
export function forget(): void {
  plot?.destroy();
  plot = undefined;
  drawn = '';
}

/** Failures over time, with what happened to the cluster; nothing where there are too few runs for it. */
export function drawChart(place: HTMLElement | null, model: PageModel): void {
  if (place === null || model.runs.length < LEAST_RUNS) {
    forget();
    return;
  }
  const width = place.clientWidth;
  const key = `${model.cluster?.cluster} ${model.runs[0]?.id} ${model.runs.length} ${model.happenings[0]?.at} ${width}`;
  if (key === drawn && plot?.root.parentElement === place) return;
  drawn = key;
  const runs = [...model.runs].reverse();
  const seconds = runs.map(({ finishedAt }) => Date.parse(finishedAt) / 1000);
  const worst = runs.map(({ failed }) => failed.critical + failed.high);
  const data: uPlot.AlignedData = [seconds, runs.map(failuresOf), worst];
  marks = model.happenings
    .map(({ at, kind }) => ({ at: Date.parse(at) / 1000, letter: HAPPENING_LETTERS[kind] ?? '' }))
    .filter(({ letter }) => letter !== '');
  plot?.destroy();
  plot = new uPlot(options(width, place), data, place);
}

function options(width: number, place: HTMLElement): uPlot.Options {
  const colour = (name: string): string => getComputedStyle(place).getPropertyValue(name).trim();
  const [ink, line, fail, soft] = ['--ink-2', '--line', '--fail', '--fail-area'].map(colour) as [
    string,
    string,
    string,
    string,
  ];
  const stepped = uPlot.paths.stepped!({ align: 1 });
  const font = `11px ${getComputedStyle(place).fontFamily}`;
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 5 } },
    legend: { live: true },
    padding: [18, 12, 0, 0],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), 'Etc/UTC'),
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil(max * 1.2))] } },
    axes: [
      { ...axis, size: 26, space: 70, incrs: TICKS, values: (_plot, ticks) => ticks.map((at) => tick(at, ticks)) },
      { ...axis, size: 30, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
    ],
    series: [
      {
        label: 'UTC',
        value: (_plot, at) => (at === null ? '' : new Date(at * 1000).toISOString().slice(0, 16).replace('T', ' ')),
      },
      { label: 'all failures', stroke: ink, width: 1, paths: stepped, points: { show: false }, value: number },
      {
        label: 'critical and high',
        stroke: fail,
        fill: soft,
        width: 1.5,
        paths: stepped,
        points: { show: false },
        value: number,
      },
    ],
    hooks: { draw: [(drawnPlot) => drawMarks(drawnPlot, ink, font)] },
  };
}

function number(_plot: uPlot, value: number | null): string {
  return value === null ? '' : String(value);
}

const DAY_S = 86_400;
/** Seconds between ticks: the clock beside them has no seconds. */
const TICKS = [
  60,
  300,
  600,
  1_800,
  3_600,
  10_800,
  21_600,
  43_200,
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY_S),
];

/** Days where the line is longer than two of them, else hours; in UTC. */
function tick(at: number, ticks: readonly number[]): string {
  const text = new Date(at * 1000).toISOString();
  return (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) > 2 * DAY_S ? date(text).slice(0, -5) : text.slice(11, 16);
}

/** A thin line and a letter for each; those that would stand on each other keep their line only. */
function drawMarks({ ctx, bbox, valToPos }: uPlot, colour: string, font: string): void {
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.font = font.replace('11px', `${11 * ratio}px`);
  ctx.textAlign = 'center';
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  let last = Number.POSITIVE_INFINITY;
  for (const { at, letter } of marks) {
    const x = Math.round(valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (Math.abs(last - x) < 12 * ratio) continue;
    ctx.fillText(letter, x, bbox.top - 5 * ratio);
    last = x;
  }
  ctx.restore();
}
