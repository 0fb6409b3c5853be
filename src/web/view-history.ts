import type { HappeningKind, RunSummary } from '../daemon/types.ts';
import type { Fragment } from './template.ts';
import { chartView, failuresOf } from './view-chart.ts';
import { nothingView } from './view-nothing.ts';
import type { View } from './view-page.ts';
import { count, moment, plural, TRIGGER_WORDS } from './words.ts';

/** Runs of the strip, and rows of the table. */
const STRIP = 90;
const ROWS = 12;

/** Marks of the time line: what happened, in a letter. */
export const HAPPENING_LETTERS: Partial<Readonly<Record<HappeningKind, string>>> = {
  restart: 'R',
  'member-gone': 'G',
  'member-back': 'B',
  'rotation-written': 'K',
  'rotation-served': 'S',
  'certificate-changed': 'C',
  'waiver-ended': 'W',
};

const HAPPENING_WORDS: Readonly<Record<HappeningKind, string>> = {
  restart: 'restart',
  'member-gone': 'member gone',
  'member-back': 'member back',
  'rotation-written': 'keystore written',
  'rotation-served': 'rotation served',
  'certificate-changed': 'certificate changed',
  'clock-jump': 'clock jumped',
  'waiver-ended': 'waiver ended',
  'cluster-left': 'left the settings',
  'daemon-started': 'daemon started',
  'daemon-stopped': 'daemon stopped',
  reload: 'settings reloaded',
};

export function historyView(view: View): Fragment {
  const { html, model } = view;
  return html`<section aria-labelledby="history" class="history">
    <h2 id="history">History</h2>
    ${model.runs.length === 0 ? nothingView(view, 'No run yet.') : strip(view)}
    <div class="pair">
      <div>
        ${chartView(view)}
        ${runsTable(view)}
      </div>
      ${happenings(view)}
    </div>
  </section>`;
}

const SLOT = 8;
/** So that few runs are not drawn as broad fields. */
const LEAST_SLOTS = 60;
const HEIGHT = 40;

/** A bar for each run: the higher, the more fails; what passed is a low one. */
function strip({ html, svg, model, now }: View): Fragment {
  const runs = model.runs.slice(0, STRIP).reverse();
  const total = (verdict: RunSummary['verdict']): number => runs.filter((one) => one.verdict === verdict).length;
  const label = `Last ${plural(runs.length, 'run')}: ${total('pass')} passed, ${total('fail')} failed, ${total('inconclusive')} inconclusive`;
  return html`<svg class="strip" viewBox="0 0 ${Math.max(runs.length, LEAST_SLOTS) * SLOT} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">${runs.map(
    (run, index) => {
      const height = barHeight(run);
      return svg`<rect class="${run.verdict}" x="${index * SLOT + 1}" y="${HEIGHT - height}" width="${SLOT - 2}" height="${height}"><title>${moment(run.finishedAt, now)}: ${run.verdict}, ${plural(failuresOf(run), 'failure')}, ${TRIGGER_WORDS[run.trigger]}</title></rect>`;
    },
  )}</svg>
  <p class="caption">${label}</p>`;
}

function barHeight(run: RunSummary): number {
  switch (run.verdict) {
    case 'pass':
      return 5;
    case 'inconclusive':
      return 10;
    case 'fail':
      return Math.min(HEIGHT, Math.round(10 + 8 * Math.sqrt(failuresOf(run))));
  }
}

function runsTable({ html, model, now }: View): Fragment | '' {
  if (model.runs.length === 0) return '';
  return html`<details class="more"><summary>Last runs</summary><div class="scroll" tabindex="0" role="region" aria-label="Last runs"><table class="data">
    <thead><tr><th scope="col">Ended, UTC</th><th scope="col">Why</th><th scope="col">Verdict</th><th scope="col" class="number">Failures</th><th scope="col" class="number">Undecided</th><th scope="col">Report</th></tr></thead>
    <tbody>${model.runs.slice(0, ROWS).map(
      (
        run,
      ) => html`<tr><td><time datetime="${run.finishedAt}" title="${run.finishedAt}">${moment(run.finishedAt, now)}</time></td>
        <td>${TRIGGER_WORDS[run.trigger]}</td><td>${run.verdict}${run.complete ? '' : ', interrupted'}</td>
        <td class="number">${count(failuresOf(run))}</td><td class="number">${count(run.inconclusive)}</td>
        <td><a href="/api/v1/runs/${encodeURIComponent(run.id)}/report?format=text" aria-label="Report of ${moment(run.finishedAt, now)}">text</a></td></tr>`,
    )}</tbody></table></div></details>`;
}

function happenings(view: View): Fragment {
  const { html, model, now } = view;
  const list = model.happenings.slice(0, ROWS);
  return html`<div><h3 class="quiet">Restarts and rotations</h3>${
    list.length === 0
      ? nothingView(view, 'No restart and no rotation was seen.')
      : html`<ol class="happenings">${list.map(
          (one) => html`<li><time datetime="${one.at}" title="${one.at}">${moment(one.at, now)}</time>
            <span><b>${HAPPENING_LETTERS[one.kind] === undefined ? '' : html`<i class="letter" aria-hidden="true">${HAPPENING_LETTERS[one.kind]}</i>`}${HAPPENING_WORDS[one.kind] ?? one.kind}</b> ${one.text}</span></li>`,
        )}</ol>`
  }</div>`;
}
