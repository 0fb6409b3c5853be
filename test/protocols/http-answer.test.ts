import t from 'tap';
import { identifyHttpAnswer, isHttpsRedirect } from '../../src/protocols/http-answer.ts';

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function notFound(error: string): Uint8Array {
  const body = `{"errors":["${error}"]}`;
  return bytes(
    `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

// The texts with which running servers answered a ClientHello (1.16.3 to 2.3.0).
t.test("tells Flink's HTTP servers by how they refuse a ClientHello", (t) => {
  t.equal(identifyHttpAnswer(notFound('Unable to load requested file /bad-request.')), 'rest');
  t.equal(identifyHttpAnswer(notFound('File not found.')), 'history-server');
  t.equal(identifyHttpAnswer(notFound('Not found: /bad-request')), 'sql-gateway');
  t.equal(identifyHttpAnswer(bytes('HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n')), 'http');
  t.equal(identifyHttpAnswer(bytes('HTTP/1.0 400 Bad request')), 'http');
  t.equal(identifyHttpAnswer(new Uint8Array([0x15, 3, 3, 0, 2, 2, 10])), undefined);
  t.equal(identifyHttpAnswer(bytes('SSH-2.0-x')), undefined);
  t.equal(identifyHttpAnswer(new Uint8Array(0)), undefined);
  t.end();
});

t.test('tells the redirection of a TLS port from others', (t) => {
  t.equal(isHttpsRedirect(bytes('HTTP/1.1 301 Moved Permanently\r\nLocation: https://jm:8083/config\r\n\r\n')), true);
  t.equal(isHttpsRedirect(bytes('HTTP/1.1 301 Moved Permanently\r\nlocation:https://jm/\r\n\r\n')), true);
  t.equal(isHttpsRedirect(bytes('HTTP/1.1 301 Moved Permanently\r\nLocation: http://jm:8083/\r\n\r\n')), false);
  t.equal(isHttpsRedirect(bytes('HTTP/1.1 200 OK\r\nLocation: https://jm/\r\n\r\n')), false);
  t.equal(isHttpsRedirect(bytes('HTTP/1.1 301 x\r\n\r\nlocation: https://in-the-body/')), false);
  t.end();
});
