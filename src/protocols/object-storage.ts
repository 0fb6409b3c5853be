import type { StateTransferKind } from '../model/report.ts';
import { ROCKSDB_FOOTER_BYTES, rocksdbTable, STATE_HEAD_BYTES, type StateContent, stateHead } from './flink-state.ts';
import { AwsChunkedBody, type BodySink, type Place } from './http-body.ts';
import { type HttpMessageHead, headerOf } from './http-message.ts';
import { decodePercent, type HttpTarget, queryParameters } from './http-path.ts';

/** What an object's path says, by Flink's directory layout (`AbstractFsCheckpointStorageAccess`). */
export interface CheckpointObject {
  readonly kind: 'state-file' | 'metadata' | 'savepoint-file' | 'changelog-file' | 'directory';
  /** Decoded, with bucket or file system prefix. */
  readonly path: string;
  /** 32 hexadecimal digits. */
  readonly jobId?: string;
  /** `chk-17`, `shared`, `taskowned`, `savepoint-…`. */
  readonly folder?: string;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const FOLDER = 'chk-\\d+|shared|taskowned';
const SAVEPOINT = 'savepoint-[0-9a-f]{6}-[0-9a-f]{12}';
const STATE_FILE = new RegExp(`/([0-9a-f]{32})/(${FOLDER})/${UUID}$`);
// ForSt and file merging write below the folders, with names of their own.
const NESTED_FILE = new RegExp(`/([0-9a-f]{32})/(${FOLDER})/(?:[^/]+/)+[^/]+$`);
const METADATA = new RegExp(`/(chk-\\d+|${SAVEPOINT})/_metadata$`);
const SAVEPOINT_FILE = new RegExp(`/(${SAVEPOINT})/${UUID}$`);
// `StateChangeFsUploader`: the sub-directory of the changelog below the job's.
const CHANGELOG_FILE = new RegExp(`/([0-9a-f]{32})/dstl/${UUID}$`);
const DIRECTORY = new RegExp(`(?:^|/)([0-9a-f]{32})/(${FOLDER})(?:/|$)`);
const JOB_OF_METADATA = /\/([0-9a-f]{32})\/chk-\d+\/_metadata$/;

/** What an object's path is in Flink's layout, or undefined. */
export function checkpointObject(path: string): CheckpointObject | undefined {
  const decoded = decodePercent(path);
  const metadata = METADATA.exec(decoded);
  if (metadata !== null) {
    const jobId = JOB_OF_METADATA.exec(decoded)?.[1];
    return { kind: 'metadata', path: decoded, folder: metadata[1]!, ...(jobId === undefined ? {} : { jobId }) };
  }
  const file = STATE_FILE.exec(decoded) ?? NESTED_FILE.exec(decoded);
  if (file !== null) {
    return { kind: 'state-file', path: decoded, jobId: file[1]!, folder: file[2]! };
  }
  const changelog = CHANGELOG_FILE.exec(decoded);
  if (changelog !== null) {
    return { kind: 'changelog-file', path: decoded, jobId: changelog[1]!, folder: 'dstl' };
  }
  const savepoint = SAVEPOINT_FILE.exec(decoded);
  if (savepoint !== null) {
    return { kind: 'savepoint-file', path: decoded, folder: savepoint[1]! };
  }
  const directory = DIRECTORY.exec(decoded);
  return directory === null
    ? undefined
    : { kind: 'directory', path: decoded, jobId: directory[1]!, folder: directory[2]! };
}

/** True where a request speaks of Flink's checkpoints: by its path, or by the prefix that it lists. */
export function concernsCheckpoints(target: HttpTarget): boolean {
  const object = checkpointObject(target.path);
  if (object !== undefined && object.kind !== 'savepoint-file') {
    return true;
  }
  return queryParameters(target.query).some(([name, value]) => name === 'prefix' && DIRECTORY.test(value));
}

/** Keys of a list or a multiple deletion (XML) that lie in Flink's layout. */
export function namesCheckpoints(text: string): boolean {
  return /<(?:Key|Prefix)>[^<]*[0-9a-f]{32}\/(?:chk-\d+|shared|taskowned)(?:\/|<)/.test(text);
}

/** S3's own words for encryption at rest (`AES256`, `aws:kms`); in a request the wish, in an answer the deed. */
const ENCRYPTION_AT_REST = /^x-amz-server-side-encryption(?:-customer-algorithm)?$/;
const ENCRYPTION_WORD = /^[\w:.-]{1,32}$/;

/** What a message on an object says of its encryption at rest. The customer's key, which may stand beside it, is not looked at. */
export function encryptionAtRest({ headers }: HttpMessageHead): string | undefined {
  return headers.find(({ name, value }) => ENCRYPTION_AT_REST.test(name) && ENCRYPTION_WORD.test(value))?.value;
}

/** True where the request's own body is the object: not the XML of a multipart upload's start or end. */
export function uploadsObject(method: string, target: HttpTarget): boolean {
  if (method !== 'PUT' && method !== 'POST' && method !== 'PATCH') {
    return false;
  }
  const parameters = new Map(queryParameters(target.query));
  const multipartControl = method === 'POST' && (parameters.has('uploads') || parameters.has('uploadId'));
  return !multipartControl && !parameters.has('delete') && parameters.get('comp') !== 'blocklist';
}

/** What one object's body turned out to be. */
export interface ObjectContent {
  /** Undefined where neither path nor content tell. */
  readonly kind: StateTransferKind | undefined;
  /** Told by the bytes themselves, not by the path. */
  readonly byContent: boolean;
  readonly place: Place;
  /** Bytes of the object, signatures of chunks not counted. */
  readonly bytes: number;
  readonly names: readonly string[];
}

/** What content is called where it crosses as a file of its own. */
export const OBJECT_KINDS: Readonly<Record<StateContent, StateTransferKind>> = {
  'keyed-state': 'keyed-state-file',
  'operator-state': 'operator-state-file',
  'checkpoint-metadata': 'checkpoint-metadata',
  'rocksdb-sst': 'rocksdb-sst',
  'rocksdb-manifest': 'rocksdb-manifest',
  'rocksdb-current': 'rocksdb-manifest',
  'rocksdb-options': 'rocksdb-options',
};
/** Content that is Flink's on any path: its signature is long. The others need a path in Flink's layout. */
const SURE_ALONE: ReadonlySet<StateContent> = new Set(['keyed-state', 'checkpoint-metadata']);

/**
 * Reads the body of one object: the first bytes for what they say, the last ones for RocksDB's footer, and the length.
 * Holds {@link STATE_HEAD_BYTES} bytes, whatever the object's size.
 */
export class ObjectBody implements BodySink {
  readonly #object: CheckpointObject | undefined;
  readonly #then: (content: ObjectContent) => void;
  readonly #atStart: boolean;
  readonly #head: Uint8Array = new Uint8Array(STATE_HEAD_BYTES);
  #headLength = 0;
  #headBroken = false;
  readonly #tail: Uint8Array = new Uint8Array(ROCKSDB_FOOTER_BYTES);
  #tailLength = 0;
  #length = 0;
  #place: Place | undefined;

  /** `atStart`: the body begins with the object's first byte (no later part of several). */
  constructor(object: CheckpointObject | undefined, atStart: boolean, then: (content: ObjectContent) => void) {
    this.#object = object;
    this.#atStart = atStart;
    this.#then = then;
  }

  feed(bytes: Uint8Array, start: number, end: number, streamOffset: number, frame: number): void {
    this.#place ??= { streamOffset, frame };
    this.#length += end - start;
    if (!this.#headBroken && this.#headLength < this.#head.length) {
      const length = Math.min(end - start, this.#head.length - this.#headLength);
      this.#head.set(bytes.subarray(start, start + length), this.#headLength);
      this.#headLength += length;
    }
    this.#keepTail(bytes, Math.max(start, end - this.#tail.length), end);
  }

  #keepTail(bytes: Uint8Array, start: number, end: number): void {
    const keep = Math.min(this.#tailLength, this.#tail.length - (end - start));
    this.#tail.copyWithin(0, this.#tailLength - keep, this.#tailLength);
    this.#tail.set(bytes.subarray(start, end), keep);
    this.#tailLength = keep + (end - start);
  }

  gap(lost: number): void {
    this.#length += lost;
    this.#headBroken = true;
    this.#tailLength = 0;
  }

  end(how: 'complete' | 'cut'): void {
    if (this.#length === 0 || this.#place === undefined) {
      return;
    }
    const found = this.#content(how);
    const byContent = found !== undefined && (this.#object !== undefined || SURE_ALONE.has(found));
    this.#then({
      kind: byContent ? OBJECT_KINDS[found] : this.#kindByPath(),
      byContent,
      place: this.#place,
      bytes: this.#length,
      names: [this.#object?.jobId, this.#object?.folder, this.#object?.path].filter((name) => name !== undefined),
    });
  }

  #content(how: 'complete' | 'cut'): StateContent | undefined {
    const head = this.#atStart ? stateHead(this.#head, 0, this.#headLength) : undefined;
    if (head !== undefined || how === 'cut') {
      return head;
    }
    return rocksdbTable(this.#tail, 0, this.#tailLength);
  }

  #kindByPath(): StateTransferKind | undefined {
    switch (this.#object?.kind) {
      case 'metadata':
        return 'checkpoint-metadata';
      case 'changelog-file':
        return 'changelog-file';
      case 'state-file':
      case 'savepoint-file':
        return 'unidentified-state-file';
      default:
        return undefined;
    }
  }
}

/** Sink for an object that a request brings. */
export function uploadedObject(
  head: HttpMessageHead,
  target: HttpTarget,
  then: (content: ObjectContent) => void,
): BodySink {
  const parameters = new Map(queryParameters(target.query));
  const part = parameters.get('partNumber');
  const atStart = (part === undefined || part === '1') && (parameters.get('position') ?? '0') === '0';
  const body = new ObjectBody(checkpointObject(target.path), atStart, then);
  return isAwsChunked(head) ? new AwsChunkedBody(body) : body;
}

/** Sink for an object that an answer brings; `206` may begin anywhere (RFC 9110 section 14.4). */
export function downloadedObject(
  head: HttpMessageHead,
  target: HttpTarget,
  then: (content: ObjectContent) => void,
): BodySink {
  const range = /^bytes (\d+)-/.exec(headerOf(head, 'content-range') ?? '');
  const offset = new Map(queryParameters(target.query)).get('offset') ?? '0';
  const atStart = (range === null || range[1] === '0') && offset === '0';
  return new ObjectBody(checkpointObject(target.path), atStart, then);
}

/** Body signed chunk by chunk. Flink's hadoop plugin sends no `Content-Encoding` with it; the native one does. */
function isAwsChunked(head: HttpMessageHead): boolean {
  return (
    /^STREAMING-/.test(headerOf(head, 'x-amz-content-sha256') ?? '') ||
    headerOf(head, 'x-amz-decoded-content-length') !== undefined ||
    /\baws-chunked\b/i.test(headerOf(head, 'content-encoding') ?? '')
  );
}
