import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * For how long a client that has its answer may go on sending the body that nobody reads: cut off while it sends, it
 * never reads the answer.
 */
const UNREAD_BODY_GRACE_MS = 2_000;

/** Answers of these have neither a body nor a length. */
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/**
 * Ends an answer. One that goes out before the request was read whole ends its connection as well: at once when the
 * rest of the body has come, at the latest after a grace. `body`: null for none, as for HEAD.
 */
export function endAnswer(request: IncomingMessage, response: ServerResponse, body: string | null): void {
  if (isWhole(request)) {
    response.end(body ?? undefined);
    return;
  }
  response.setHeader('Connection', 'close');
  const hasLength = response.hasHeader('Content-Length') || request.method === 'HEAD' || BODILESS.has(response.statusCode);
  if (!hasLength) response.setHeader('Content-Length', Buffer.byteLength(body ?? ''));
  // The client has the whole answer; Node.js ends the connection together with it, which is why its end waits.
  if (body === null) response.flushHeaders();
  else response.write(body);
  // Kept by hand: a request that has ended has no socket any more.
  const { socket } = request;
  const cut = setTimeout(() => socket.destroy(), UNREAD_BODY_GRACE_MS);
  response.once('close', () => clearTimeout(cut));
  request.once('end', () => {
    clearTimeout(cut);
    response.end();
  });
  request.resume();
}

/** Whether the whole request has been read. A request without a body may be answered before the parser says so. */
function isWhole({ complete, headers }: IncomingMessage): boolean {
  return complete || (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0);
}
