// Asks REST from where it runs: started in the prober's namespace, one JSON request a line in, one JSON answer a line out.
import { readFileSync } from 'node:fs';
import { Agent as ClearAgent, request as clearRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { createInterface } from 'node:readline';

export interface AgentRequest {
  readonly id: number;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly json?: unknown;
  /** A jar to send as `multipart/form-data`, as `POST /jars/upload` wants it. */
  readonly jar?: string;
  readonly ca?: string;
  readonly identity?: { readonly certificate: string; readonly key: string };
}

export interface AgentAnswer {
  readonly id: number;
  readonly status?: number;
  readonly body?: string;
  readonly error?: string;
}

const TIMEOUT = 10_000;
const BOUNDARY = 'flinkprobe-test-bed';
const clear = new ClearAgent({ keepAlive: true });
const secured = new Map<string, TlsAgent>();

function tlsAgent(asked: AgentRequest): TlsAgent {
  const key = JSON.stringify([asked.ca, asked.identity]);
  const known = secured.get(key);
  if (known) return known;
  const agent = new TlsAgent({
    keepAlive: true,
    // Internal certificates name no host; whose certificate it is, the trust anchor says.
    checkServerIdentity: () => undefined,
    ...(asked.ca ? { ca: readFileSync(asked.ca) } : {}),
    ...(asked.identity
      ? { cert: readFileSync(asked.identity.certificate), key: readFileSync(asked.identity.key) }
      : {}),
    // The bed's oldest default suite is static RSA, which OpenSSL offers at this level only.
    ciphers: 'DEFAULT:AES128-SHA:@SECLEVEL=0',
  });
  secured.set(key, agent);
  return agent;
}

function body(asked: AgentRequest): { readonly type: string; readonly bytes: Buffer } | undefined {
  if (asked.json !== undefined) return { type: 'application/json', bytes: Buffer.from(JSON.stringify(asked.json)) };
  if (!asked.jar) return undefined;
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="jarfile"; filename="probe-job.jar"\r\nContent-Type: application/x-java-archive\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), readFileSync(asked.jar), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${BOUNDARY}`, bytes };
}

function ask(asked: AgentRequest): Promise<AgentAnswer> {
  return new Promise((resolve) => {
    const sent = body(asked);
    const headers = sent ? { 'content-type': sent.type, 'content-length': sent.bytes.length } : {};
    const options = { method: asked.method, headers, timeout: TIMEOUT };
    const heard = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ id: asked.id, status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    };
    const request = asked.url.startsWith('https:')
      ? tlsRequest(asked.url, { ...options, agent: tlsAgent(asked) }, heard)
      : clearRequest(asked.url, { ...options, agent: clear }, heard);
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve({ id: asked.id, error: error.message }));
    request.end(sent?.bytes);
  });
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    ask(JSON.parse(line) as AgentRequest).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
  })
  .on('close', () => process.exit(0));
