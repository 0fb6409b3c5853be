import type { Report } from '../model/report.ts';
import { formatText } from '../report/text.ts';
import { text } from './answer.ts';
import { HttpFault } from './fault.ts';
import { type HttpMeans, PROBE_MODULES } from './means.ts';
import type { ProbeAllowList } from './probe-allow.ts';
import { isSuccess, type ProbeOutcome, probeText } from './probe-metrics.ts';
import { parseProbeTarget, targetText } from './probe-target.ts';
import { CONTENT_TYPES, formatFor } from './prometheus.ts';
import { Query } from './query.ts';

export const PROBE_PARAMETERS = ['target', 'module', 'debug'] as const;
/** As blackbox_exporter's `--timeout-offset`. */
const OFFSET_SECONDS = 0.5;
const DEFAULT_TIMEOUT_SECONDS = 10;
const MAX_TIMEOUT_SECONDS = 60;
/** A probe that does not heed its signal is not waited for. */
const GRACE_MS = 250;

export interface ProbeContext {
  readonly means: Pick<HttpMeans, 'probe' | 'modules' | 'log'>;
  readonly allowed: ProbeAllowList;
  readonly slots: { taken: number; readonly most: number };
}

/**
 * `GET /probe?target=&module=[&debug=true]`: asks one endpoint now. 200 also where it fails (`probe_success 0`).
 *
 * @throws HttpFault 400 target missing, module unknown; 403 target not allowed: no socket is opened; 503 too many at once
 */
export async function probe(request: Request, { means, allowed, slots }: ProbeContext): Promise<Response> {
  const query = new Query(request, PROBE_PARAMETERS);
  const target = parseProbeTarget(query.required('target'));
  const modules = means.modules ?? PROBE_MODULES;
  const module = query.oneOf('module', modules) ?? modules[0]!;
  const isDebug = query.oneOf('debug', ['true', 'false']) === 'true';
  const timeoutSeconds = timeoutOf(request.headers.get('x-prometheus-scrape-timeout-seconds'));
  if (slots.taken >= slots.most) throw new HttpFault(503, 'too many probes at once', { 'retry-after': '5' });
  slots.taken += 1;
  try {
    const address = await allowed.addressOf(target);
    const start = performance.now();
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))]);
    const asked = await inTime(means.probe(targetText(target, address), module, signal, target.host), signal);
    const outcome: ProbeOutcome = {
      seconds: (performance.now() - start) / 1000,
      timeoutSeconds,
      ...(asked instanceof Error ? {} : { report: asked }),
    };
    if (asked instanceof Error)
      means.log?.('warn', { target: targetText(target, address), err: asked }, 'the probe failed');
    const format = formatFor(request.headers.get('accept') ?? undefined);
    const body = await probeText(outcome, format);
    return isDebug ? debugAnswer(outcome, body) : text(body, 200, CONTENT_TYPES[format]);
  } finally {
    slots.taken -= 1;
  }
}

function timeoutOf(header: string | null): number {
  if (header === null) return DEFAULT_TIMEOUT_SECONDS;
  const seconds = /^\d{1,6}(?:\.\d{1,9})?$/.test(header) ? Number(header) : Number.NaN;
  if (!(seconds > 0)) throw new HttpFault(400, 'X-Prometheus-Scrape-Timeout-Seconds must be a number of seconds');
  // Shorter than the offset: there is no time to leave.
  const left = seconds > OFFSET_SECONDS ? seconds - OFFSET_SECONDS : seconds;
  return Math.min(Math.round(left * 1000) / 1000, MAX_TIMEOUT_SECONDS);
}

/** What is learned until the signal, or why nothing is. */
async function inTime(asking: Promise<Report>, signal: AbortSignal): Promise<Report | Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    const end = (): void => {
      timer = setTimeout(() => resolve(new Error('not in time')), GRACE_MS);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  const answer = asking.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  return first;
}

function debugAnswer(outcome: ProbeOutcome, metrics: string): Response {
  const { report, seconds } = outcome;
  const result = isSuccess(outcome) ? 'succeeded' : 'failed';
  const told = report === undefined ? 'There is no report: nothing was asked to the end.\n' : formatText(report);
  return text(
    `Report of the probe, which ${result} after ${seconds.toFixed(3)} s:\n\n${told}\n\n` +
      `Metrics that would have been returned:\n${metrics}`,
  );
}
