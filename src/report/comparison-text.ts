import type { Comparison, EndpointChange, Finding } from '../model/report.ts';
import { placeOf } from './endpoint-rows.ts';
import { labelled } from './layout.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { shortTime } from './time.ts';

const ORDER: readonly EndpointChange['change'][] = ['weaker', 'gone', 'new', 'stronger', 'unchanged'];
const LABEL_WIDTH = 10;

/** What became of the endpoints and findings of an earlier run. */
export function comparisonLines(
  { baseline, endpoints, fixed }: Comparison,
  layout: 'fitted' | 'wide',
  width: number,
  paint: Paint,
): string[] {
  const field = (label: string, text: string): string[] => labelled(label, printable(text), LABEL_WIDTH, 2, width);
  const title = `SINCE ${baseline.path}, ${shortTime(baseline.finishedAt)}, ${baseline.verdict.toUpperCase()}`;
  // Nobody has to look at these one by one.
  const isCounted = ({ change, certificate }: EndpointChange): boolean =>
    layout === 'fitted' && change === 'unchanged' && certificate !== 'changed';
  const counted = endpoints.filter(isCounted);
  return [
    paint('title', printable(title)),
    ...endpoints
      .filter((one) => !isCounted(one))
      .sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change))
      .flatMap((one) => field(one.change, changeText(one))),
    ...(counted.length === 0 ? [] : field('unchanged', countText(counted))),
    ...timesTold(fixed.map(fixedText)).flatMap((text) => field('fixed', text)),
  ];
}

function fixedText({ ruleId, channel, endpoint, title }: Finding): string {
  return [ruleId, channel, ...(endpoint === undefined ? [] : [placeOf(endpoint)]), title].join('  ');
}

/** Each text once, with how often it was said. */
function timesTold(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
}

function changeText({ channel, endpoint, change, process, certificate, details }: EndpointChange): string {
  const facts = [
    ...(change === 'new' || change === 'gone' ? [] : [PROCESS[process]]),
    ...(certificate === 'changed' ? ['another certificate'] : []),
    ...details,
  ];
  return [`${channel}  ${placeOf(endpoint)}`, ...facts].join('; ');
}

const PROCESS: Readonly<Record<EndpointChange['process'], string>> = {
  restarted: 'restarted',
  same: 'not restarted',
  unknown: 'restarted or not: unknown',
};

function countText(endpoints: readonly EndpointChange[]): string {
  const words = Object.entries(PROCESS)
    .map(([process, text]) => [endpoints.filter((one) => one.process === process).length, text] as const)
    .filter(([count]) => count > 0)
    .map(([count, text]) => `${count} ${text}`);
  return `${endpoints.length} endpoint${endpoints.length === 1 ? '' : 's'} with the same certificate (${words.join(', ')})`;
}

/** Records of the plain layout. */
export function comparisonRecords({ endpoints, fixed }: Comparison): string[][] {
  return [
    ...endpoints.map(({ channel, endpoint, change, process, certificate, details }) => [
      ...['change', change, channel, placeOf(endpoint), process, certificate],
      details.join('; '),
    ]),
    ...fixed.map(({ ruleId, severity, channel, endpoint, title, fingerprint }) => [
      ...['fixed', severity, ruleId, channel],
      ...[endpoint === undefined ? '' : placeOf(endpoint), title, fingerprint],
    ]),
  ];
}
