/**
 * Why a question to Flink's REST API had no answer.
 *
 * `speaks-tls`: clear HTTP was answered by a redirect to https on the same port. `speaks-clear`: TLS was answered by
 * something else. `tls-refused`: the server refused our handshake, mostly for want of a client certificate.
 */
export const REST_FAULTS = [
  'bad-access',
  'unresolved',
  'refused',
  'unreachable',
  'timeout',
  'interrupted',
  'closed',
  'speaks-tls',
  'speaks-clear',
  'tls-refused',
  'tls-untrusted',
  'tls-name',
  'tls-pin',
  'unauthorised',
  'not-flink',
  'http-status',
  'too-large',
  'malformed',
] as const;

export type RestFault = (typeof REST_FAULTS)[number];

/** The message is one sentence for an operator: what happened, and what to do. */
export class RestFailure extends Error {
  override readonly name: string = 'RestFailure';
  readonly fault: RestFault;
  /** Of an HTTP answer. */
  declare readonly status?: number;

  constructor(fault: RestFault, message: string, more: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.fault = fault;
    if (more.status !== undefined) this.status = more.status;
  }
}

interface SystemError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly errors?: readonly SystemError[];
}

/** What a request at that place died of. */
export function failureOf(error: unknown, place: string, timeoutMs: number): RestFailure {
  if (error instanceof RestFailure) return error;
  const system = rootOf(error as SystemError);
  const { code = '' } = system;
  const fail = (fault: RestFault, message: string): RestFailure => new RestFailure(fault, message, { cause: error });
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return fail('unresolved', `${place}: the name has no address here (${code}): check it, or give the address`);
    case 'ECONNREFUSED':
      return fail(
        'refused',
        `${place}: connection refused: is the JobManager up, and does rest.bind-address let others in?`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EACCES':
    case 'EPERM':
      return fail('unreachable', `${place}: no way there from this host (${code})`);
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return fail(
        'timeout',
        `${place}: no answer within ${timeoutMs} ms: is a firewall between, or the port another program's?`,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return fail(
        'tls-name',
        `${place}: the certificate is not for this host (${trimmed(system.reason ?? system.message)}): use a name that it holds, or pin its fingerprint`,
      );
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      return fail(
        'speaks-clear',
        `${place}: does not answer in TLS: use http://${place}, if that is what it should be`,
      );
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return fail('closed', `${place}: closed the connection without an answer: is it another program's port?`);
    default:
  }
  if (UNTRUSTED.has(code)) {
    return fail(
      'tls-untrusted',
      `${place}: the certificate is not trusted (${code}): give the authority or the certificate itself as trust store, or pin its fingerprint`,
    );
  }
  if (/^ERR_SSL_|^EPROTO$/.test(code)) {
    return fail(
      'tls-refused',
      `${place}: no TLS connection (${trimmed(system.reason ?? system.message)}): ${TLS_ADVICE}`,
    );
  }
  if (system.name === 'HTTPParserError' || /^UND_ERR_(?:RES|HEADERS)/.test(code)) {
    return fail('not-flink', `${place}: does not answer in HTTP: give the address of Flink's REST port`);
  }
  return fail('closed', `${place}: ${trimmed(system.message)}`);
}

const TLS_ADVICE = 'where the server demands a client certificate, give one that it trusts as identity';

/** Codes of OpenSSL's chain verification, as Node names them. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
]);

/** Node wraps the errors of several addresses in one, undici its cause in another. */
function rootOf(error: SystemError): SystemError {
  const inner = error.errors?.find((one) => one.code !== undefined) ?? (error.cause as SystemError | undefined);
  return inner instanceof Error && (error.code === undefined || error.errors !== undefined) ? rootOf(inner) : error;
}

/** OpenSSL's messages begin with thread, code and source file. */
function trimmed(message: string): string {
  const reason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i.exec(message)?.[1] ?? message;
  return reason.trim().replace(/\.$/, '');
}
