import { failing } from './headline.ts';
import type { Fragment } from './template.ts';
import type { View } from './view-page.ts';
import { ago, moment, span, TRIGGER_WORDS, until } from './words.ts';

const LIVE_WORDS = { none: '', connecting: 'connecting', live: 'live', lost: 'not live, trying again' } as const;

export function headerView(view: View): Fragment {
  const { html, model, live } = view;
  return html`<header class="bar">
    <a class="wordmark" href="/" data-go>flinkprobe</a>
    ${clusterChoice(view)}
    ${model.cluster === undefined ? '' : runsLine(view)}
    <span class="live ${live}"><i aria-hidden="true"></i>${LIVE_WORDS[live]}</span>
    <span class="actions">
      ${model.operator && model.cluster !== undefined && model.cluster.asks !== 'nobody' && live !== 'none' ? runNow(view) : ''}
      ${model.cluster?.lastRun === undefined ? '' : reports(view, model.cluster.lastRun.id)}
    </span>
  </header>`;
}

function clusterChoice({ html, model, awaited }: View): Fragment {
  const chosen = awaited?.cluster ?? model.cluster?.cluster;
  return html`<form class="choice" method="get" action="/">
    <label for="cluster">Cluster</label>
    <select id="cluster" name="cluster">
      ${chosen === undefined ? html`<option value="" ?selected=${true}>none</option>` : ''}
      ${model.status.clusters.map((one) => {
        const bad = failing(one);
        const text = bad === 0 ? one.cluster : `${one.cluster} (${bad})`;
        return html`<option value="${one.cluster}" ?selected=${one.cluster === chosen}>${text}</option>`;
      })}
    </select>
    <button class="plain-only">Show</button>
  </form>`;
}

function runsLine({ html, model, now }: View): Fragment {
  const { lastRun, nextRunAt, state, lateMs } = model.cluster!;
  const last =
    lastRun === undefined
      ? 'no run yet'
      : html`last run <time datetime="${lastRun.finishedAt}" title="${lastRun.finishedAt}, ${TRIGGER_WORDS[lastRun.trigger]}">${moment(lastRun.finishedAt, now)}</time> UTC <span class="dim">${ago(lastRun.finishedAt, now)}</span>`;
  const next =
    state === 'running'
      ? html`<span class="working">running</span>`
      : state === 'waiting'
        ? html`<span class="working">waiting for its turn</span>`
        : nextRunAt === undefined
          ? html`<span class="dim">no schedule</span>`
          : html`next <time datetime="${nextRunAt}" title="${nextRunAt}">${until(nextRunAt, now)}</time>`;
  return html`<span class="runs">${last}<span class="sep" aria-hidden="true">·</span>${next}${lateMs > LATE_MS ? html`<span class="sep" aria-hidden="true">·</span><b class="late">${span(lateMs)} late</b>` : ''}</span>`;
}

/** Less is not worth a word. */
const LATE_MS = 5_000;

function runNow({ html, model }: View): Fragment {
  const isBusy = model.cluster!.state !== 'idle';
  return html`<button type="button" class="button" data-run="${model.cluster!.cluster}" ?disabled=${isBusy}>${isBusy ? 'Running' : 'Run now'}</button>`;
}

function reports({ html }: View, id: string): Fragment {
  const address = (format: string): string => `/api/v1/runs/${encodeURIComponent(id)}/report?format=${format}`;
  return html`<details class="menu"><summary class="button">Report</summary>
    <ul>
      <li><a href="${address('text')}">Text</a></li>
      <li><a href="${address('markdown')}">Markdown</a></li>
      <li><a href="${address('html')}">Page to print or send</a></li>
      <li><a href="${address('json')}" download="${id}.json">JSON</a></li>
      <li><a href="${address('jsonl')}" download="${id}.jsonl">JSON lines</a></li>
      <li><a href="${address('json')}&amp;redact=true" download="${id}-redacted.json">JSON, redacted</a></li>
    </ul></details>`;
}
