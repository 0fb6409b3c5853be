import { CHANNEL_IDS, CHANNELS } from '../model/channel.ts';
import { SEVERITIES } from '../model/report.ts';
import { FORMAT_NAMES } from '../report/formats.ts';
import {
  CELL_VERDICTS,
  CERTIFICATE_ROLES,
  CERTIFICATE_STATES,
  FINDING_STATES,
  OBSERVATION_KINDS,
  VANTAGES,
} from './lists.ts';
import { PROBE_MODULES } from './means.ts';
import { list, pageOf, ref, type Schema, schemas, text, words } from './openapi-schemas.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from './query.ts';
import { REPORT_TYPES } from './report-formats.ts';
import { MAX_SEQ } from './since.ts';

/** `/api/v1/openapi.json`: every route, its parameters and its answers, by hand; the tests hold it against the code. */
export function openapi(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'flinkprobe',
      version,
      description: 'What the flinkprobe daemon tells of its Flink clusters.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { basic: [] }, { clientCertificate: [] }],
    paths: PATHS,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        clientCertificate: { type: 'mutualTLS' },
      },
      schemas: schemas(),
    },
  };
}

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: true;
  readonly description: string;
  readonly schema: Schema;
  readonly style?: 'form';
  readonly explode?: false;
}

type Answers = Readonly<Record<string, object>>;

function query(name: string, description: string, schema: Schema = short): Parameter {
  return { name, in: 'query', description, schema };
}

const short: Schema = { type: 'string', minLength: 1, maxLength: 200 };
const cluster = query('cluster', 'Name of a cluster.');
const channel = query('channel', 'Of this channel only.', words(CHANNELS));
const limit = query('limit', 'Items at most.', {
  type: 'integer',
  minimum: 1,
  maximum: MAX_LIMIT,
  default: DEFAULT_LIMIT,
});
/** Forms of `next`, and so of `before`. */
const COUNTED: Schema = { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,5})$' };
const TIME =
  '(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?Z';
const RUN = '[0-9A-Z]{26}';
const pattern = (...forms: readonly string[]): Schema => ({ type: 'string', pattern: `^(?:${forms.join('|')})$` });
const etag = { ETag: { description: 'Give it back as If-None-Match.', schema: text } };

function content(type: string, schema: Schema): object {
  return { [type]: { schema } };
}

/** What every route behind the door may answer. `404` and `405` are for what is no route. */
const REFUSALS: Readonly<Record<string, string>> = {
  400: 'A parameter, a header or the body cannot be meant.',
  401: 'Nobody is known by that name and password.',
  403: 'From another site, for another host, not for this role, or a target that is not allowed.',
  404: 'There is no such thing.',
  405: 'Another method is meant; Allow says which.',
  409: 'Nobody is asked for this cluster: the wire alone tells of it.',
  413: 'The body is too large.',
  415: 'The body is no application/json.',
  422: 'The settings cannot be used; the old ones stay in force.',
  426: 'This is a WebSocket.',
  503: 'The store cannot be used, or too much is asked for at once.',
};

function refusals(...codes: readonly string[]): Answers {
  return Object.fromEntries(
    codes.map((code) => [code, { description: REFUSALS[code], content: content('application/json', ref('Error')) }]),
  );
}

const USUAL = ['400', '401', '403', '405', '503'] as const;

function lists(
  operationId: string,
  summary: string,
  item: string,
  cursor: Schema,
  ...parameters: readonly Parameter[]
): object {
  const before = query('before', 'The `next` of the page before this one.', cursor);
  return {
    operationId,
    summary,
    parameters: [...parameters, limit, before],
    responses: {
      200: { description: 'A page.', headers: etag, content: content('application/json', pageOf(ref(item))) },
      304: { description: 'As it was.' },
      ...refusals(...USUAL, '404'),
    },
  };
}

function tells(operationId: string, summary: string, schema: Schema): object {
  return {
    operationId,
    summary,
    responses: {
      200: { description: 'As the summary says.', content: content('application/json', schema) },
      304: { description: 'As it was.' },
      ...refusals(...USUAL),
    },
  };
}

function shows(operationId: string, summary: string, type: string, parameters: readonly Parameter[] = []): object {
  return {
    operationId,
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: { 200: { description: 'As the summary says.', content: content(type, text) }, ...refusals(...USUAL) },
  };
}

function health(operationId: string, alias: 'alive' | 'ready'): object {
  const open = { operationId, security: [{}] };
  if (alias === 'alive') {
    return {
      ...open,
      summary: 'The process answers. Open to everybody.',
      responses: { 200: { description: 'Alive.', content: content('text/plain', text) }, ...refusals('403', '405') },
    };
  }
  const told = content('application/json', ref('Readiness'));
  return {
    ...open,
    summary: 'The store is open and the schedule kept. Open to everybody; the problems are for those who may read.',
    responses: {
      200: { description: 'Ready.', content: told },
      503: { description: 'Not ready, and why.', content: told },
      ...refusals('403', '405'),
    },
  };
}

/** Media types whose text is JSON (RFC 6839 section 3.1). */
const isJson = (type: string): boolean => type.endsWith('+json');

const METRICS_TYPE = 'text/plain';
/** As `probe-target.ts` reads it: `[CHANNEL=]HOST:PORT`, IPv6 in brackets. A name does not end as a number would. */
const TARGET = ((): string => {
  const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  const name =
    '(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,28}[A-Za-z0-9_])?[.]){0,4}[A-Za-z](?:[A-Za-z0-9_-]{0,28}[A-Za-z0-9_])?';
  const group = '[0-9A-Fa-f]{1,4}';
  const around = [1, 2, 3, 4, 5, 6].map((before) => `(?:${group}:){${before}}(?::${group}){1,${7 - before}}`);
  const six = [`(?:${group}:){7}${group}`, `(?:${group}:){1,7}:`, `:(?::${group}){1,7}`, ...around].join('|');
  const port = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
  const channels = CHANNEL_IDS.filter((id) => id !== 'collect-sink').join('|');
  return `(?:(?:${channels})=)?(?:${octet}(?:[.]${octet}){3}|${name}|\\[(?:${six})\\]):${port}`;
})();

const PATHS: Readonly<Record<string, object>> = {
  '/': {
    get: {
      ...shows('page', 'The dashboard; further parameters are its filters.', 'text/html', [
        query('cluster', 'Name of a cluster.', text),
        query('as', '`json`: what the page is made of, which may change with every version.', words(['json'])),
      ]),
      responses: {
        200: {
          description: 'The page.',
          content: { ...content('text/html', text), ...content('application/json', { type: 'object' }) },
        },
        ...refusals(...USUAL),
      },
    },
  },
  '/assets/{file}': {
    get: {
      ...shows('asset', 'A file of the dashboard.', 'application/octet-stream'),
      parameters: [{ name: 'file', in: 'path', required: true, description: 'Its name.', schema: short }],
      responses: {
        200: { description: 'The file.' },
        304: { description: 'As it was.' },
        ...refusals(...USUAL, '404'),
      },
    },
  },
  '/metrics': { get: shows('metrics', 'Metrics of the daemon and its clusters, for Prometheus.', METRICS_TYPE) },
  '/probe': {
    get: shows('probe', 'Asks one endpoint now; names of blackbox_exporter.', METRICS_TYPE, [
      { ...query('target', 'HOST:PORT or CHANNEL=HOST:PORT; must be allowed.', pattern(TARGET)), required: true },
      query('module', 'How thoroughly.', words(PROBE_MODULES)),
      query('debug', 'The report as text before the metrics.', words(['true', 'false'])),
      {
        name: 'X-Prometheus-Scrape-Timeout-Seconds',
        in: 'header',
        description: 'Set by Prometheus; the probe takes half a second less.',
        schema: { type: 'number', minimum: 1, maximum: 3600, multipleOf: 0.5 },
      },
    ]),
  },
  '/-/healthy': { get: health('healthy', 'alive') },
  '/healthz': { get: health('healthz', 'alive') },
  '/-/ready': { get: health('ready', 'ready') },
  '/readyz': { get: health('readyz', 'ready') },
  '/-/reload': {
    post: {
      operationId: 'reload',
      summary: 'Loads the settings anew, whole or not at all. For operators.',
      responses: {
        200: { description: 'In force.', content: content('application/json', ref('Reloaded')) },
        ...refusals(...USUAL, '413', '415', '422'),
      },
    },
  },
  '/api/v1/status': { get: tells('status', 'The daemon and its clusters.', ref('DaemonStatus')) },
  '/api/v1/runs': {
    get: lists(
      'runs',
      'Runs, newest first. `before` may be a time as well.',
      'RunSummary',
      pattern(RUN, TIME),
      cluster,
    ),
    post: {
      operationId: 'runNow',
      summary: 'Starts a run, or joins the one that goes on. For operators.',
      requestBody: { required: true, content: content('application/json', ref('RunRequest')) },
      responses: {
        202: {
          description: 'Started; the report will be at Location.',
          headers: { Location: { schema: text } },
          content: content('application/json', ref('RunStarted')),
        },
        ...refusals(...USUAL, '404', '409', '413', '415'),
      },
    },
  },
  '/api/v1/runs/{id}/report': {
    get: {
      operationId: 'report',
      summary: 'The report of one run.',
      parameters: [
        { name: 'id', in: 'path', required: true, description: 'Of the run.', schema: short },
        query('format', 'As `--format` has it.', words(FORMAT_NAMES)),
        query('redact', 'Names and addresses become pseudonyms.', words(['true', 'false'])),
      ],
      responses: {
        200: {
          description: 'The report.',
          headers: etag,
          content: {
            ...Object.fromEntries(
              REPORT_TYPES.map((type) => [type, { schema: isJson(type) ? { type: 'object' } : text }]),
            ),
            ...content('application/json', ref('Report')),
          },
        },
        304: { description: 'As it was.' },
        ...refusals(...USUAL, '404'),
      },
    },
  },
  '/api/v1/observations': {
    get: lists(
      'observations',
      'What was seen: in one run, or in the last run of each cluster.',
      'ObservationRecord',
      pattern(`${RUN}:(?:0|[1-9][0-9]{0,5})`),
      cluster,
      query('run', 'Id of a run.'),
      channel,
      query('member', 'Server or client.'),
      query('kind', 'Of this kind only.', words(OBSERVATION_KINDS)),
      query('vantage', 'From there only.', words(VANTAGES)),
    ),
  },
  '/api/v1/findings': {
    get: lists(
      'findings',
      'Findings over all runs, open ones first, then the worst.',
      'FindingRecord',
      COUNTED,
      cluster,
      query('state', 'Open ones unless said otherwise.', words(FINDING_STATES)),
      {
        ...query('severity', 'One or more.', { ...list(words(SEVERITIES)), minItems: 1, uniqueItems: true }),
        style: 'form',
        explode: false,
      },
      channel,
    ),
  },
  '/api/v1/certificates': {
    get: lists(
      'certificates',
      'Certificates over all runs, the one that ends first, first.',
      'CertificateRecord',
      COUNTED,
      cluster,
      query('role', 'In this role only.', words(CERTIFICATE_ROLES)),
      query('source', 'Served, or on disk.', words(['served', 'disk'])),
      channel,
      query('state', 'Those that are still there unless said otherwise.', words(CERTIFICATE_STATES)),
    ),
  },
  '/api/v1/channels': {
    get: lists(
      'channels',
      'The grid: each channel of each member as the last run saw it.',
      'ChannelCell',
      COUNTED,
      cluster,
      channel,
      query('member', 'Of this member only.'),
      query('verdict', 'With this verdict only.', words(CELL_VERDICTS)),
    ),
  },
  '/api/v1/happenings': {
    get: lists(
      'happenings',
      'Restarts, rotations, reloads, newest first; `before` is a time.',
      'Happening',
      pattern(TIME),
      cluster,
    ),
  },
  '/api/v1/waivers': { get: tells('waivers', 'Waivers and what they match now.', pageOf(ref('WaiverStatus'))) },
  '/api/v1/export': {
    get: shows(
      'export',
      'The history, one JSON object a line: runs with their reports, findings, happenings.',
      'application/jsonl',
    ),
  },
  '/api/v1/live': {
    get: {
      operationId: 'live',
      summary: 'Live events: a WebSocket of one LiveEvent a frame, `hello` first.',
      parameters: [
        query('since', 'Number of the last event that is known.', { type: 'integer', minimum: 0, maximum: MAX_SEQ }),
      ],
      responses: {
        101: { description: 'Events follow.' },
        ...refusals('400', '401', '403', '405', '426', '503'),
      },
    },
  },
  '/api/v1/openapi.json': { get: tells('openapi', 'This document.', { type: 'object' }) },
};
