import type { PageQuery } from './query.ts';
import type { Fragment, Tags } from './template.ts';
import type { Hearing } from './troubles.ts';
import { certificatesView } from './view-certificates.ts';
import { detailView } from './view-detail.ts';
import { findingsView } from './view-findings.ts';
import { gridView } from './view-grid.ts';
import { headerView } from './view-header.ts';
import { historyView } from './view-history.ts';
import { coverageView, selfView, waiversView, wireView } from './view-rest.ts';
import { summaryView } from './view-summary.ts';

/**
 * What the page is drawn from: the model, the address, and how it stands with the browser. `now` is the server's time;
 * `live: 'none'`: without JavaScript, or before it.
 */
export interface View extends Tags, Hearing {
  readonly query: PageQuery;
}

export function pageView(view: View): Fragment {
  const { html, model, live } = view;
  return html`${headerView(view)}
    <main id="main" class="${live === 'lost' ? 'stale' : ''}">
      ${summaryView(view)}
      ${model.cluster === undefined ? '' : clusterView(view)}
    </main>
    ${selfView(view)}`;
}

function clusterView(view: View): Fragment {
  return view.html`<div class="top">${gridView(view)}${wireView(view)}</div>
    <div class="pair findings-pair">${findingsView(view)}${detailView(view)}</div>
    ${historyView(view)}
    ${certificatesView(view)}
    <div class="pair">${coverageView(view)}${waiversView(view)}</div>`;
}
