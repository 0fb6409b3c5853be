/** What a request is refused with; becomes `{"error": …}`. Its text is for the one who asked: no paths, no stack. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly status: FaultStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: FaultStatus, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** 422: settings that cannot be used, on reload. 426: the live events without a WebSocket. */
export type FaultStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 426 | 500 | 503;
