import { createHash } from 'node:crypto';
import type { Report } from '../model/report.ts';
import { htmlText, TAGS } from '../web/html-text.ts';
import type { Fragment } from '../web/template.ts';
import { type FindingGroup, groupFindings, listeningOf, whereParts } from './finding-text.ts';
import { formatFixPlan } from './fix-plan-text.ts';
import { comparisonView, coverageView, endpointsView, inputsView, promisesView } from './html-facts.ts';
import { findingIndex, findingView } from './html-findings.ts';
import { STYLE } from './html-style.ts';
import { word } from './html-words.ts';
import { printable } from './printable.ts';
import { DEFAULT_FAIL_ON, type FailOn } from './severity.ts';
import { shortTime } from './time.ts';
import { findingCounts, reservations } from './verdict-lines.ts';

export interface HtmlOptions {
  /** Findings below it say WARN. Default `medium`. */
  readonly failOn?: FailOn;
  /** Time to count days of validity from, milliseconds since the epoch. Default: the report's end. */
  readonly now?: number;
}

const { html } = TAGS;

/**
 * Content security policy of the file: it runs nothing, fetches nothing and sends nothing. Its one style is named by its
 * hash (CSP 3, section 2.3.1), so that a style that somebody smuggles in does not count either.
 */
export const HTML_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The report as one HTML file that needs nothing else: no script, no picture, no font of elsewhere. */
export function formatHtml(report: Report, options: HtmlOptions = {}): string {
  const judged = {
    failOn: options.failOn ?? DEFAULT_FAIL_ON,
    now: options.now ?? Date.parse(report.finishedAt),
  };
  const title = printable(`flinkprobe ${report.command}: ${report.verdict}, ${shortTime(report.finishedAt)}`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${HTML_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${htmlText(html`${title}`)}</title>
<style>${STYLE}</style>
</head>
<body>
${htmlText(page(report, judged))}
</body>
</html>
`;
}

function page(report: Report, judged: Required<HtmlOptions>): Fragment {
  const groups = groupFindings(report.findings);
  const shown = { failOn: judged.failOn, listening: listeningOf(report) };
  const open = groups.filter(([{ waived }]) => waived === null);
  const waived = groups.filter(([{ waived: by }]) => by !== null);
  const details = (title: string, id: string, those: typeof groups): Fragment | '' =>
    those.length === 0
      ? ''
      : html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${those.map((group) => findingView(group, shown))}</section>`;
  return html`<header>${headView(report, worstText(open[0], shown.listening))}</header>
<main>
${findingIndex(groups, shown)}
${report.command === 'audit' ? promisesView(report) : endpointsView(report, judged)}
${details('Findings', 'findings', open)}
${details('Waived', 'waived', waived)}
${planView(report)}
${comparisonView(report)}
${coverageView(report)}
${inputsView(report)}
</main>
<footer>flinkprobe ${printable(report.producer.version)}, schemaVersion ${report.schemaVersion}</footer>`;
}

/** What somebody who was just woken has to know. */
function worstText(group: FindingGroup | undefined, listening: ReadonlySet<string>): string {
  if (group === undefined) return '';
  const [finding] = group;
  const more = group.length === 1 ? '' : ` and ${group.length - 1} more`;
  return printable(`${finding.title}: ${whereParts(finding, listening).join(' ')}${more}`);
}

function headView(report: Report, worst: string): Fragment {
  const { command, verdict, startedAt, finishedAt, complete } = report;
  const reserved = reservations(report);
  return html`<p class="kicker">flinkprobe ${printable(command)} · <time datetime="${printable(startedAt)}">${printable(shortTime(startedAt))}</time> to <time datetime="${printable(finishedAt)}">${printable(shortTime(finishedAt))}</time></p>
<h1 class="${verdict}">${word(verdict, verdict.toUpperCase())}${complete ? '' : html` <span class="incomplete">incomplete</span>`}</h1>
<p class="lead">${worst === '' ? '' : html`<b>${worst}</b><br>`}${findingCounts(report)}</p>
${reserved.length === 0 ? '' : html`<ul class="reservations">${reserved.map((text) => html`<li>${printable(text)}</li>`)}</ul>`}`;
}

function planView(report: Report): Fragment | '' {
  if (report.fixPlan === undefined) return '';
  return html`<section aria-labelledby="plan"><h2 id="plan">Plan</h2><pre tabindex="0" aria-labelledby="plan">${formatFixPlan(report, report.fixPlan, 100)}</pre></section>`;
}
