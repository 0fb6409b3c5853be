import type { ClusterStatus } from '../daemon/types.ts';
import { counts } from './grid.ts';
import { failing, headlineOf } from './headline.ts';
import { pageAddress } from './query.ts';
import { sign } from './shapes.ts';
import type { Fragment } from './template.ts';
import { troublesOf, troublesView } from './troubles.ts';
import { soonest } from './view-certificates.ts';
import type { View } from './view-page.ts';
import { clock, count, date } from './words.ts';

export function summaryView(view: View): Fragment {
  const { html, model, live, heardAt } = view;
  const troubles = troublesOf(view);
  const { headline, more, tone, told } = headlineOf(model, troubles);
  const elsewhere = model.status.clusters.filter((one) => one.cluster !== model.cluster?.cluster && failing(one) > 0);
  const asOf = live !== 'lost' ? '' : html` <span class="as-of">as of ${clock(heardAt ?? model.status.now)} UTC</span>`;
  return html`<section class="summary" aria-labelledby="headline">
    <h1 id="headline" class="${tone}">${headline}${asOf}</h1>
    ${more === '' ? '' : html`<p class="lead">${more}</p>`}
    ${recordingView(view)}
    ${troublesView(view, troubles, told)}
    ${model.cluster === undefined ? '' : countsView(view)}
    ${elsewhere.length === 0 ? '' : elsewhereView(view, elsewhere)}
  </section>`;
}

/** Nobody should take for now what was recorded on another day. */
function recordingView({ html, model }: View): Fragment | '' {
  if (model.recording === undefined) return '';
  const { from, to } = model.recording;
  const end = from.slice(0, 10) === to.slice(0, 10) ? clock(to) : `${date(to)}, ${clock(to)}`;
  return html`<p class="recording">A recording of ${date(from)}, ${clock(from)} to ${end} UTC: nobody is asked for this cluster.</p>`;
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

/** Other clusters that fail: nobody should miss them for the one that is shown. */
function elsewhereView({ html }: View, clusters: readonly ClusterStatus[]): Fragment {
  const shown = [...clusters].sort((a, b) => failing(b) - failing(a)).slice(0, MAX_ELSEWHERE);
  const left = clusters.length - shown.length;
  return html`<p class="elsewhere">Also failing:
    ${shown.map(
      (one, index) =>
        html`${index === 0 ? '' : ', '}<a href="${pageAddress({ cluster: one.cluster, status: 'open' })}" data-go>${one.cluster}</a> (${failing(one)})`,
    )}${left === 0 ? '' : ` and ${left} more`}</p>`;
}

const MAX_ELSEWHERE = 6;
