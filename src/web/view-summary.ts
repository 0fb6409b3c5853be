import { counts } from './grid.ts';
import { headlineOf } from './headline.ts';
import { sign } from './shapes.ts';
import type { Fragment } from './template.ts';
import { troublesOf, troublesView } from './troubles.ts';
import { soonest } from './view-certificates.ts';
import { clustersView } from './view-clusters.ts';
import type { View } from './view-page.ts';
import { sinceView } from './view-since.ts';
import { clock, count, date } from './words.ts';

export function summaryView(view: View): Fragment {
  const { html, model, live, heardAt } = view;
  const troubles = troublesOf(view);
  const { headline, more, tone, told } = headlineOf(model, troubles);
  const asOf = live !== 'lost' ? '' : html` <span class="as-of">as of ${clock(heardAt ?? model.status.now)} UTC</span>`;
  return html`<section class="summary" aria-labelledby="headline">
    <h1 id="headline" class="${tone}">${headline}${asOf}</h1>
    ${more === '' ? '' : html`<p class="lead">${more}</p>`}
    ${recordingView(view)}
    ${troublesView(view, troubles, told)}
    ${sinceView(view)}
    ${model.cluster === undefined ? '' : countsView(view)}
    ${clustersView(view)}
  </section>`;
}

/** Nobody should take for now what was recorded on another day. */
function recordingView({ html, model }: View): Fragment | '' {
  if (model.recording === undefined) return '';
  const { from, to } = model.recording;
  const day = from.slice(0, 10) === to.slice(0, 10) ? '' : `${date(to)}, `;
  const end = from.slice(0, 16) === to.slice(0, 16) ? '' : ` to ${day}${clock(to)}`;
  return html`<p class="recording">A recording of ${date(from)}, ${clock(from)}${end} UTC: nobody is asked for this cluster.</p>`;
}

function countsView(view: View): Fragment {
  const { html, model } = view;
  const first = soonest(view);
  return html`<ul class="counts" aria-label="Channels by verdict">
      ${model.cells.length === 0 ? '' : html`<li class="unit">Channels</li>`}
      ${counts(model.cells).map(
        ([mark, number]) =>
          html`<li class="${number === 0 ? 'none' : ''}"><b>${count(number)}</b>${sign(view, mark)}</li>`,
      )}
      ${first === undefined ? '' : html`<li class="expiry"><b>${first.days}</b><span>soonest expiry, ${first.name}</span></li>`}
    </ul>`;
}
