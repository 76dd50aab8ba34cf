import { closeSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readOpenFile } from '../blobs/openFile.ts';
import { fileError, openBelow, propertiesOf } from './files.ts';
import type { FileAnswer, FileAsk } from './frames.ts';
import { overHttp, provedConnection } from './serviceProof.ts';

export interface FileBodyOptions {
  readonly rootDirectory: string;
  readonly agentUrl: string;
  readonly credential: string;
  /** See AgentOptions. */
  readonly authority?: string;
}

/** No byte moved for so long: nobody reads any more. */
const IDLE_MS = 120_000;

/**
 * Answers a `read`: posts the bytes from `start` to `end` (inclusive; null: the end of the file as it is now) to
 * `/linarite/agent/files/<request>`, at the pace of the reader. Resolves with the answer to be sent over the channel if
 * there is nothing to post; null: it was posted, or the reader has gone.
 */
export async function sendBody(request: string, ask: Extract<FileAsk, { kind: 'read' }>, options: FileBodyOptions): Promise<FileAnswer | null> {
  let file: number | null = null;
  try {
    const opened = openBelow(options.rootDirectory, ask.path);
    if ('kind' in opened) return opened;
    ({ file } = opened);
    const { status } = opened;
    const end = Math.min(ask.end ?? status.size - 1, status.size - 1);
    if (ask.start > 0 && ask.start >= status.size) return { kind: 'error', code: 'InvalidRange', message: `${ask.path} has ${status.size} bytes` };
    await post(request, file, { start: ask.start, sizeBytes: Math.max(0, end - ask.start + 1), header: asciiJson(propertiesOf(ask.path, status)) }, options);
    return null;
  } catch (error) {
    return fileError(error, ask.path);
  } finally {
    if (file !== null) closeSync(file);
  }
}

interface Body {
  readonly start: number;
  readonly sizeBytes: number;
  readonly header: string;
}

/** Resolves when the service has answered or the connection has ended: then the reader has it all, or has gone. */
function post(request: string, file: number, body: Body, options: FileBodyOptions): Promise<void> {
  return new Promise((resolve) => {
    const url = overHttp(new URL(options.agentUrl));
    const proof = provedConnection(url, options.authority);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/files/${encodeURIComponent(request)}`;
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      timeout: IDLE_MS,
      ...proof,
      headers: {
        authorization: `Bearer ${options.credential}`,
        'content-type': 'application/octet-stream',
        'content-length': body.sizeBytes,
        'linarite-file': body.header,
      },
    });
    const done = (): void => {
      outgoing.destroy();
      resolve();
    };
    outgoing.on('timeout', done);
    outgoing.on('error', done);
    outgoing.on('close', done);
    outgoing.on('response', (response) => response.resume().on('close', done));
    if (body.sizeBytes === 0) {
      outgoing.end();
      return;
    }
    const stream = readOpenFile(file, body.start, body.start + body.sizeBytes - 1);
    outgoing.on('close', () => stream.destroy());
    // A file that was cut shorter meanwhile: the length that was promised cannot be kept.
    stream.on('end', () => {
      if (stream.bytesRead < body.sizeBytes) done();
    });
    stream.on('error', done);
    stream.pipe(outgoing);
  });
}

/** JSON that a header may carry. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replaceAll(/[^\u0020-\u007e]/g, (character) => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
