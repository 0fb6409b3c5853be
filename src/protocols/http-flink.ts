import { gunzipSync, inflateSync } from 'node:zlib';
import type { Side } from '../bytes/stream.ts';
import type { ChannelId, Component } from '../model/channel.ts';
import type { Hint } from '../model/probe.ts';
import { identifyErrorText } from './http-answer.ts';
import { BodySample, type BodySink, type Place } from './http-body.ts';
import { type HttpMessageHead, headerOf } from './http-message.ts';
import type { HttpTarget } from './http-path.ts';
import { readRestDocument } from './http-rest.ts';
import { Sightings } from './http-sightings.ts';
import {
  checkpointObject,
  concernsCheckpoints,
  downloadedObject,
  encryptionAtRest,
  namesCheckpoints,
  type ObjectContent,
  uploadedObject,
  uploadsObject,
} from './object-storage.ts';
import { isWebHdfs } from './webhdfs.ts';

export { type HttpServerKind, identifyHttpAnswer, isHttpsRedirect } from './http-answer.ts';

/** Most of a JSON answer that is kept while it arrives; `/jobmanager/config` and `/taskmanagers` stay below. */
export const MAX_JSON_BODY: number = 256 * 1024;
/** Start of a Prometheus page or an XML list that is looked at. */
const MAX_TEXT_SAMPLE = 16 * 1024;
/** Start of a multipart upload in which the first part's headers stand. */
const MAX_UPLOAD_SAMPLE = 4 * 1024;

/** A request that waits for its answer. */
export interface HttpRequest {
  readonly method: string;
  readonly target: HttpTarget;
  readonly head: HttpMessageHead;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const JAR_UPLOAD = /^(?:\/v\d)?\/jars\/upload$/;
const JAR_RUN = new RegExp(`^(?:/v\\d)?/jars/${UUID}_[^/]+\\.jar/(run|plan)$`);
const JOB_SUBMIT = /^(?:\/v\d)?\/jobs$/;
const GATEWAY_STATEMENT = new RegExp(`^(?:/v\\d)?/sessions/${UUID}/(?:statements|configure-session)$`);
const GATEWAY_RESULT = new RegExp(`^(?:/v\\d)?/sessions/${UUID}/operations/${UUID}/result/`);
const GATEWAY_SESSIONS = /^(?:\/v\d)?\/sessions$/;

/** Paths of which two, answered as Flink answers, tell a REST port (weaker than a body's text). */
const KNOWN_PATHS: ReadonlySet<string> = new Set([
  '/jars/upload',
  '/jars',
  '/jobs',
  '/jobs/overview',
  '/jobmanager/config',
  '/taskmanagers',
  '/overview',
  '/config',
]);

/** Reads out of HTTP messages what concerns Flink: the channel, what crossed in clear, and names of processes. */
export class FlinkHttp {
  readonly #sightings: Sightings;
  /** What counts only once the channel is known: `POST /jobs` is anybody's. */
  readonly #gated: Readonly<Record<'rest' | 'sql-gateway' | 'checkpoint-storage', Sightings>> = {
    rest: new Sightings(),
    'sql-gateway': new Sightings(),
    'checkpoint-storage': new Sightings(),
  };
  readonly #found = new Set<ChannelId>();
  readonly #knownPaths = new Set<string>();
  readonly #hints = new Map<string, Hint>();
  readonly #details = new Map<string, string | number | boolean | readonly string[]>();
  #clientComponent: Component | undefined;
  #sessionsOpened = 0;

  constructor(sightings: Sightings) {
    this.#sightings = sightings;
  }

  /** The channel that the content tells. What is particular outweighs what several components serve. */
  get channel(): ChannelId | undefined {
    const order: readonly ChannelId[] = ['checkpoint-storage', 'history-server', 'sql-gateway', 'rest', 'prometheus'];
    return order.find((channel) => this.#found.has(channel)) ?? (this.#knownPaths.size >= 2 ? 'rest' : undefined);
  }

  get clientComponent(): Component | undefined {
    return this.channel === 'checkpoint-storage' ? this.#clientComponent : undefined;
  }

  get details(): ReadonlyMap<string, string | number | boolean | readonly string[]> {
    return this.#details;
  }

  hints(): readonly Hint[] {
    return [...this.#hints.values()];
  }

  /** Transfers that the channel makes certain. */
  transfers(): ReturnType<Sightings['transfers']> {
    const channel = this.channel;
    const gate = channel === 'rest' || channel === 'sql-gateway' || channel === 'checkpoint-storage';
    return gate ? this.#gated[channel].transfers() : [];
  }

  /** Sink for the body of a request, where it is worth reading. */
  request(request: HttpRequest, side: Side): BodySink | undefined {
    const { method, target, head } = request;
    if (concernsCheckpoints(target)) {
      this.#found.add('checkpoint-storage');
    }
    if (uploadsObject(method, target) && (checkpointObject(target.path) !== undefined || isStorageUpload(request))) {
      this.#noteEncryption(head);
      return uploadedObject(head, target, (content) => this.#object(content, target, side));
    }
    if (method === 'POST' && JAR_UPLOAD.test(target.path)) {
      return new BodySample(MAX_UPLOAD_SAMPLE, (sample) => this.#jar(sample, head, side));
    }
    if (method === 'POST' && (JAR_RUN.exec(target.path)?.[1] === 'run' || JOB_SUBMIT.test(target.path))) {
      return this.#counted((bytes) => this.#gated.rest.transfer('job-submission', side, head, bytes));
    }
    if (method === 'POST' && GATEWAY_STATEMENT.test(target.path)) {
      return this.#counted((bytes) =>
        this.#gated['sql-gateway'].transfer('job-submission', side, head, bytes, ['statement']),
      );
    }
    if (method === 'POST' && /(?:^|&)delete(?:=|&|$)/.test(target.query)) {
      return new BodySample(MAX_TEXT_SAMPLE, (sample) => this.#xml(sample));
    }
    return undefined;
  }

  /** Sink for the body of an answer. `request` is absent where a gap hid it. */
  response(head: HttpMessageHead, status: number, request: HttpRequest | undefined, side: Side): BodySink | undefined {
    const target = request?.target;
    if (target !== undefined && checkpointObject(target.path) !== undefined) this.#noteEncryption(head);
    if (target !== undefined && status === 200) {
      this.#notePath(head, target.path);
    }
    const download = request?.method === 'GET' && (status === 200 || status === 206);
    if (target !== undefined && download && checkpointObject(target.path) !== undefined) {
      return downloadedObject(head, target, (content) => this.#object(content, target, side));
    }
    const type = headerOf(head, 'content-type') ?? '';
    if (/json/i.test(type)) {
      return new BodySample(MAX_JSON_BODY, (sample) => this.#json(sample, head, status, request, side));
    }
    if (status === 200 && /^(?:text\/plain|application\/openmetrics-text)/i.test(type)) {
      return new BodySample(MAX_TEXT_SAMPLE, (sample) => this.#metrics(sample, side));
    }
    return /xml/i.test(type) ? new BodySample(MAX_TEXT_SAMPLE, (sample) => this.#xml(sample)) : undefined;
  }

  #noteEncryption(head: HttpMessageHead): void {
    const told = encryptionAtRest(head);
    if (told !== undefined) this.#details.set('encryptionAtRest', told);
  }

  #counted(then: (bytes: number) => void): BodySink {
    return new BodySample(0, (sample) => then(sample.length));
  }

  #object(content: ObjectContent, target: HttpTarget, side: Side): void {
    if (content.kind === undefined) {
      return;
    }
    if (content.byContent) {
      this.#found.add('checkpoint-storage');
    }
    // The JobManager writes metadata, TaskManagers write state (seen with all three S3 plugins).
    this.#clientComponent ??= checkpointObject(target.path)?.kind === 'metadata' ? 'jobmanager' : 'taskmanager';
    this.#gated['checkpoint-storage'].transfer(content.kind, side, content.place, content.bytes, content.names);
  }

  #jar(sample: BodySample, head: HttpMessageHead, side: Side): void {
    // Local file header of a ZIP, right behind the part's headers (RFC 2046 section 5.1.1).
    const at = sample.text().indexOf('\r\n\r\nPK\x03\x04');
    if (at < 0) {
      return;
    }
    const headers = sample.text().slice(0, at);
    const name = /filename="([^"\r\n]{1,128})"/.exec(headers)?.[1];
    const place = sample.placeOf(at + 4) ?? head;
    // The file ends before CRLF, the delimiter of the first line once more, two hyphens and CRLF.
    const delimiter = headers.indexOf('\r\n');
    const size = Math.max(0, sample.length - (at + 4) - (delimiter + 6));
    this.#gated.rest.transfer('user-code', side, place, size, name === undefined ? [] : [name]);
  }

  #notePath(head: HttpMessageHead, path: string): void {
    const known = path.replace(/^\/v\d(?=\/)/, '');
    const json = /json/i.test(headerOf(head, 'content-type') ?? '');
    if (json && headerOf(head, 'access-control-allow-origin') === '*' && KNOWN_PATHS.has(known)) {
      this.#knownPaths.add(known);
    }
  }

  #metrics(sample: BodySample, side: Side): void {
    const process = /# HELP flink_(jobmanager|taskmanager)_/.exec(sample.text())?.[1];
    if (process === undefined) {
      return;
    }
    this.#found.add('prometheus');
    const component: Component = process === 'jobmanager' ? 'jobmanager' : 'taskmanager';
    this.#details.set('component', component);
    const host = /[{,]host="([\w.-]{1,253})"/.exec(sample.text())?.[1];
    this.#hint({ kind: 'member', side, component, ...(host === undefined ? {} : { host, member: host }) });
  }

  #xml(sample: BodySample): void {
    if (namesCheckpoints(sample.text())) {
      this.#found.add('checkpoint-storage');
    }
  }

  #json(sample: BodySample, head: HttpMessageHead, status: number, request: HttpRequest | undefined, side: Side): void {
    const text = decodedText(sample, head);
    if (text === undefined) {
      return;
    }
    if (status >= 400) {
      const server = identifyErrorText(text);
      if (server !== undefined) {
        this.#found.add(server);
      }
      return;
    }
    const place: Place = sample.placeOf(0) ?? { streamOffset: head.endOffset, frame: head.frame };
    const path = request?.target.path ?? '';
    const crossOrigin = headerOf(head, 'access-control-allow-origin') !== undefined;
    const reading = readRestDocument(text, { path, whole: sample.whole, crossOrigin });
    for (const channel of reading.channels) {
      this.#found.add(channel);
    }
    for (const [name, value] of Object.entries(reading.details)) {
      this.#details.set(name, value);
    }
    for (const hint of reading.hints) {
      this.#hint('ofServer' in hint ? withSide(hint, side) : hint);
    }
    for (const key of reading.secretKeys) {
      this.#sightings.credential('secret-in-configuration', side, place, key);
    }
    if (JAR_RUN.test(path) && /^\{"jobid":"[0-9a-f]{32}"\}/.test(text)) {
      this.#found.add('rest');
    }
    this.#gateway(sample, text, request, place, side);
  }

  #gateway(sample: BodySample, text: string, request: HttpRequest | undefined, place: Place, side: Side): void {
    if (request === undefined) {
      return;
    }
    if (request.method === 'POST' && GATEWAY_SESSIONS.test(request.target.path) && /"sessionHandle":"/.test(text)) {
      this.#found.add('sql-gateway');
      this.#details.set('sessionsOpened', ++this.#sessionsOpened);
    }
    if (GATEWAY_STATEMENT.test(request.target.path) && /"operationHandle":"/.test(text)) {
      this.#found.add('sql-gateway');
    }
    if (!GATEWAY_RESULT.test(request.target.path)) {
      return;
    }
    this.#found.add('sql-gateway');
    // `NOT_READY` and the end of results bring none.
    if (/"data":\[\{/.test(text) || !sample.whole) {
      this.#gated['sql-gateway'].transfer('query-results', side, place, sample.length);
    }
  }

  #hint(hint: Hint): void {
    const id = JSON.stringify(hint);
    if (this.#hints.size < MAX_HINTS) {
      this.#hints.set(id, hint);
    }
  }
}

/** Hints kept for one connection: four for each of a thousand TaskManagers would do no more good. */
const MAX_HINTS = 512;

function withSide(hint: Hint & { readonly ofServer?: true }, side: Side): Hint {
  const { ofServer: _, ...rest } = hint;
  return { ...rest, side };
}

/** An upload to some object store or WebHDFS, whose content may be Flink's though its path does not say so. */
function isStorageUpload(request: HttpRequest): boolean {
  return (
    isWebHdfs(request.target.path) ||
    /^AWS/.test(headerOf(request.head, 'authorization') ?? '') ||
    headerOf(request.head, 'x-amz-content-sha256') !== undefined
  );
}

/** Body as text; a compressed one is opened up to {@link MAX_JSON_BODY} bytes, where it is whole. */
function decodedText(sample: BodySample, head: HttpMessageHead): string | undefined {
  const encoding = (headerOf(head, 'content-encoding') ?? 'identity').toLowerCase();
  if (encoding === 'identity') {
    return sample.text();
  }
  if (!sample.whole || (encoding !== 'gzip' && encoding !== 'deflate')) {
    return undefined;
  }
  try {
    const open = encoding === 'gzip' ? gunzipSync : inflateSync;
    return open(sample.bytes, { maxOutputLength: MAX_JSON_BODY }).toString('latin1');
  } catch {
    return undefined;
  }
}
