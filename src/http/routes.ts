import { z } from 'zod';
import type { Control } from '../daemon/control.ts';
import type { Visitor } from './access.ts';
import { json, tagged, text } from './answer.ts';
import { readJson } from './body.ts';
import type { Dashboard } from './dashboard.ts';
import { HttpFault } from './fault.ts';
import { healthy, ready } from './health.ts';
import { type ExportSlots, history } from './history.ts';
import type { HttpLimits } from './limits.ts';
import { certificates, channels, findings, happenings, observations, runs } from './lists.ts';
import type { HttpMeans } from './means.ts';
import type { DaemonMetrics } from './metrics.ts';
import { openapi } from './openapi.ts';
import { type ProbeContext, probe } from './probe.ts';
import { CONTENT_TYPES, formatFor } from './prometheus.ts';
import { Query } from './query.ts';
import { runReport } from './report-formats.ts';
import { sinceOf } from './since.ts';

/** What the routes work with. */
export interface HttpContext {
  readonly control: Control;
  readonly means: HttpMeans;
  readonly limits: HttpLimits;
  readonly metrics: DaemonMetrics;
  readonly dashboard: Dashboard;
  readonly probes: () => ProbeContext;
  readonly exports: ExportSlots;
}

/** One request, its sender known and allowed. */
export interface Call {
  readonly request: Request;
  /** Absent: an open route, and nobody said who they are. */
  readonly visitor?: Visitor;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/api/v1/runs/{id}/report`. */
  readonly path: string;
  /** `anybody`: without saying who. */
  readonly role: 'anybody' | 'reader' | 'operator';
  /** `own`: refused where a page of another site asks for it; it changes something or opens a connection. */
  readonly from: 'any' | 'own';
  readonly answer: (call: Call, context: HttpContext) => Response | Promise<Response>;
}

const runRequest = z.strictObject({ cluster: z.string().min(1).max(200) });

export const ROUTES: readonly Route[] = [
  get('/', ({ request, visitor }, { dashboard }) => shown(dashboard(request, visitor))),
  get('/assets/{file}', ({ request }, { dashboard }) => shown(dashboard(request))),
  get('/metrics', async ({ request }, { metrics }) => {
    const format = formatFor(request.headers.get('accept') ?? undefined);
    return text(await metrics.text(format), 200, CONTENT_TYPES[format]);
  }),
  { ...get('/probe', ({ request }, { probes }) => probe(request, probes())), from: 'own' },
  open('/-/healthy', () => healthy()),
  open('/healthz', () => healthy()),
  open('/-/ready', ({ visitor }, { control }) => ready(control, visitor !== undefined)),
  open('/readyz', ({ visitor }, { control }) => ready(control, visitor !== undefined)),
  post('/-/reload', async ({ request }, { control, limits }) => {
    await readJson(request, limits.bodyBytes);
    const { ok, problem } = await control.reload();
    if (!ok) throw new HttpFault(422, problem ?? 'the settings cannot be used');
    return json({ ok });
  }),
  get('/api/v1/status', ({ request }, { control }) => {
    new Query(request, []);
    return json(control.status());
  }),
  get('/api/v1/runs', ({ request }, { control }) => tagged(request, runs(control, request))),
  post('/api/v1/runs', async ({ request }, { control, limits }) => {
    new Query(request, []);
    const asked = runRequest.safeParse(await readJson(request, limits.bodyBytes));
    if (!asked.success) throw new HttpFault(400, 'the body must be {"cluster": NAME}');
    return runNow(control, asked.data.cluster);
  }),
  get('/api/v1/runs/{id}/report', ({ request, parameters }, { control, means }) =>
    runReport(control, parameters.id ?? '', request, means.rules ?? (async () => [])),
  ),
  get('/api/v1/observations', async ({ request }, { control }) =>
    tagged(request, await observations(control, request)),
  ),
  get('/api/v1/findings', ({ request }, { control }) => tagged(request, findings(control, request))),
  get('/api/v1/certificates', ({ request }, { control }) => tagged(request, certificates(control, request))),
  get('/api/v1/channels', ({ request }, { control }) => tagged(request, channels(control, request))),
  get('/api/v1/happenings', ({ request }, { control }) => tagged(request, happenings(control, request))),
  get('/api/v1/waivers', ({ request }, { control }) => {
    new Query(request, []);
    return tagged(request, { items: control.waivers(), next: null });
  }),
  get('/api/v1/export', ({ request }, { control, exports }) => history(control, request, exports)),
  {
    ...get('/api/v1/live', ({ request }) => {
      sinceOf(new URL(request.url).search);
      throw new HttpFault(426, 'the live events are a WebSocket', { upgrade: 'websocket' });
    }),
    from: 'own',
  },
  get('/api/v1/openapi.json', ({ request }, { control }) => {
    new Query(request, []);
    return tagged(request, openapi(control.status().version));
  }),
];

function get(path: string, answer: Route['answer']): Route {
  return { method: 'GET', path, role: 'reader', from: 'any', answer };
}

function open(path: string, answer: Route['answer']): Route {
  return { method: 'GET', path, role: 'anybody', from: 'any', answer };
}

function post(path: string, answer: Route['answer']): Route {
  return { method: 'POST', path, role: 'operator', from: 'own', answer };
}

function shown(found: Response | undefined): Response {
  if (found === undefined) throw new HttpFault(404, 'there is nothing here');
  return found;
}

function runNow(control: Control, cluster: string): Response {
  const answer = control.runNow(cluster, 'request');
  if (answer === undefined) throw new HttpFault(404, 'there is no such cluster');
  if ('refused' in answer) throw new HttpFault(answer.refused === 'wire-only' ? 409 : 503, answer.problem);
  return json({ id: answer.id, cluster }, 202, { location: `/api/v1/runs/${answer.id}/report` });
}
