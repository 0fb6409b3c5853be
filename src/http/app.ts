import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { WebSettings } from '../daemon/settings.ts';
import { StoreFailure } from '../daemon/store/failure.ts';
import type { Access, Visitor } from './access.ts';
import { json } from './answer.ts';
import { HttpFault } from './fault.ts';
import { checkHost, checkSameOrigin, type Origins, SECURITY_HEADERS } from './guards.ts';
import { isLoopback } from './loopback.ts';
import type { HttpMeans } from './means.ts';
import { type HttpContext, ROUTES, type Route } from './routes.ts';

/** Settings of the moment: a reload puts others in. */
export interface Rules {
  readonly settings: WebSettings;
  readonly access: Access;
}

type App = Hono<{ Bindings: HttpBindings }>;

/** The whole of HTTP but the socket and the WebSocket. */
export function createApp(context: HttpContext, rules: () => Rules): App {
  const app: App = new Hono();
  app.use('*', async (c, next) => {
    checkHost(originsOf(c.env.incoming), listensOn(rules().settings));
    await next();
    c.res = finished(c.res);
  });
  for (const path of new Set(ROUTES.map((route) => route.path))) {
    const routes = ROUTES.filter((route) => route.path === path);
    const pattern = path.replace(/\{(\w+)\}/g, ':$1');
    app.all(pattern, async (c) => {
      const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
      const route = routes.find((one) => one.method === method);
      if (route === undefined) throw wrongMethod(routes);
      const { incoming } = c.env;
      if (route.from === 'own') checkSameOrigin(originsOf(incoming));
      const visitor = await visitorOf(route, incoming, rules().access);
      const parameters = c.req.param() as Readonly<Record<string, string>>;
      return route.answer({ request: c.req.raw, parameters, ...(visitor === undefined ? {} : { visitor }) }, context);
    });
  }
  app.notFound(() => finished(faultAnswer(new HttpFault(404, 'there is nothing here'))));
  app.onError((error) => finished(answerOf(error, context.means)));
  return app;
}

/** With what every answer carries. */
export function finished(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

/** What an error becomes; never its stack, and of errors that nobody foresaw not even their words. */
export function answerOf(error: unknown, { log }: Pick<HttpMeans, 'log'>): Response {
  if (error instanceof HttpFault) return faultAnswer(error);
  if (error instanceof StoreFailure) {
    log?.('error', { err: error }, 'the store failed');
    return faultAnswer(new HttpFault(503, `the store cannot be used (${error.fault})`, { 'retry-after': '10' }));
  }
  log?.('error', { err: error }, 'a request failed');
  return faultAnswer(new HttpFault(500, 'this is a defect of flinkprobe; the log says more'));
}

function faultAnswer({ status, message, headers }: HttpFault): Response {
  return json({ error: message }, status, headers);
}

function wrongMethod(routes: readonly Route[]): HttpFault {
  const allow = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return new HttpFault(405, `only ${allow} is allowed here`, { allow });
}

/** @throws HttpFault 401, 403 */
export async function visitorOf(
  { role }: Pick<Route, 'role'>,
  incoming: IncomingMessage,
  access: Access,
): Promise<Visitor | undefined> {
  const { authorization } = incoming.headers;
  if (role === 'anybody') return access.known(authorization);
  const visitor = await access.visitor(authorization);
  if (role === 'operator' && visitor.role !== 'operator') throw new HttpFault(403, 'only operators may do this');
  return visitor;
}

export function originsOf({ headers }: IncomingMessage): Origins {
  const site = headers['sec-fetch-site'];
  return {
    host: headers.host,
    origin: headers.origin,
    site: Array.isArray(site) ? site.join() : site,
  };
}

export function listensOn({ host }: WebSettings): 'loopback' | 'elsewhere' {
  return isLoopback(host) ? 'loopback' : 'elsewhere';
}
