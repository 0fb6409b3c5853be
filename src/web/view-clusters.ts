import type { ClusterStatus } from '../daemon/types.ts';
import { SEVERITIES } from '../model/report.ts';
import { blindness, failing, worstFirst } from './headline.ts';
import { pageAddress } from './query.ts';
import { MARK_WORDS, type Mark, shape } from './shapes.ts';
import type { Fragment } from './template.ts';
import type { View } from './view-page.ts';
import { plural } from './words.ts';

/** Those that are written out; the calmer ones are a click away. */
const MOST = 12;

/** All clusters at a glance, worst first: nobody should miss one for the one that is shown. */
export function clustersView(view: View): Fragment | '' {
  const { html, model } = view;
  const all = worstFirst(model.status.clusters);
  if (all.length === 0 || (all.length === 1 && model.cluster !== undefined)) return '';
  const [first, rest] = [all.slice(0, MOST), all.slice(MOST)];
  return html`<nav class="clusters" aria-label="All clusters, worst first"><ul>${first.map((one) => item(view, one))}</ul>
    ${rest.length === 0 ? '' : html`<details class="more"><summary>${plural(rest.length, 'more cluster')}</summary><ul>${rest.map((one) => item(view, one))}</ul></details>`}</nav>`;
}

function item(view: View, cluster: ClusterStatus): Fragment {
  const { html, model, awaited } = view;
  const mark = clusterMark(cluster);
  const isShown = cluster.cluster === (awaited?.cluster ?? model.cluster?.cluster);
  return html`<li><a href="${pageAddress({ cluster: cluster.cluster, status: 'open' })}" data-go aria-current="${isShown ? 'true' : 'false'}">
    <span class="mark ${mark}">${shape(view, mark)}<span class="quiet">${MARK_WORDS[mark]}</span></span> <b>${cluster.cluster}</b> <span class="dim">${clusterWords(cluster)}</span></a></li>`;
}

/** As the page of the cluster would begin. */
export function clusterMark(cluster: ClusterStatus): Mark {
  const { open, failOn = 'medium', lastRun } = cluster;
  const bad = SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1).some((severity) => open[severity] > 0);
  if (bad || blindness(cluster) !== undefined) return 'fail';
  if (failing(cluster) > 0) return 'warn';
  if (lastRun === undefined) return 'not-seen';
  return lastRun.verdict === 'inconclusive' ? 'inconclusive' : 'pass';
}

export function clusterWords(cluster: ClusterStatus): string {
  const { open, lastRun } = cluster;
  const worst = SEVERITIES.find((severity) => severity !== 'info' && open[severity] > 0);
  const rest = worst === undefined ? 0 : failing(cluster) - open[worst];
  const words = [
    worst === undefined ? undefined : `${open[worst]} ${worst}${rest === 0 ? '' : `, ${rest} more`}`,
    blindness(cluster),
  ].filter((one) => one !== undefined);
  if (words.length > 0) return words.join('; ');
  if (lastRun === undefined) return 'no run yet';
  return lastRun.verdict === 'inconclusive' ? 'not everything decided' : 'nothing found';
}
