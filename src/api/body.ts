import type { IncomingMessage } from 'node:http';
import { BatchError } from '../wire/errors.ts';
import { limits } from '../wire/limits.ts';

/**
 * Reads and parses a JSON body. Undefined: the request has none. At most `limits.requestBodyBytes` are read, whatever the Content-Length says.
 * @throws BatchError RequestBodyTooLarge (413), MissingContentLengthHeader (411: neither a length nor chunks were announced), InvalidRequestBody (not JSON), IOError (the client broke off).
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (length === undefined && chunked === undefined) throw new BatchError('MissingContentLengthHeader');
  if (Number(length ?? 0) > limits.requestBodyBytes) throw new BatchError('RequestBodyTooLarge');
  const text = await readText(request);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's message quotes the text, which may hold a credential.
    throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The body is not JSON.' }]);
  }
}

function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.requestBodyBytes) {
        request.removeAllListeners('data');
        request.resume();
        reject(new BatchError('RequestBodyTooLarge'));
        return;
      }
      chunks.push(chunk);
    });
    request.once('end', () => resolve(utf8.decode(Buffer.concat(chunks, size))));
    request.once('error', () => reject(new BatchError('IOError')));
    request.once('aborted', () => reject(new BatchError('IOError')));
  });
}

/** A byte order mark is allowed and dropped. */
const utf8 = new TextDecoder();
