import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { putFile } from '../blobs/putFile.ts';
import { blobUrl } from '../blobs/storageUrls.ts';
import { TransferError } from '../blobs/transferError.ts';
import { messageOf } from './failures.ts';
import type { FileAnswer, FileAsk } from './frames.ts';
import { LOG_NAME } from './log.ts';

export interface ServiceLogsOptions {
  readonly stateDirectory: string;
  /** What the agent shows its owner: it leaves no node in a log. */
  readonly credential: string;
  readonly signal: AbortSignal;
}

/** The client waits for the answer. */
const RETRY_MS = 5_000;
const IDLE_MS = 10_000;

/**
 * Uploads what the agent's own log says of the time asked for, as one blob below the directory that is named. Nothing
 * is uploaded where it says nothing. Never rejects.
 */
export async function uploadServiceLogs(ask: Extract<FileAsk, { kind: 'uploadLogs' }>, { stateDirectory, credential, signal }: ServiceLogsOptions): Promise<FileAnswer> {
  // The journal and the configuration lie there as well: only the log is for others to read.
  const part = join(stateDirectory, `${LOG_NAME}.part`);
  try {
    const text = withoutSecrets(linesBetween(readFileSync(join(stateDirectory, LOG_NAME), 'utf8'), ask.from, ask.to), credential);
    if (text === '') return { kind: 'uploaded', files: 0 };
    writeFileSync(part, text, { mode: 0o600 });
    const file = openSync(part, 'r');
    try {
      unlinkSync(part);
      const url = blobUrl(ask.containerUrl, `${ask.directory}/${LOG_NAME}`);
      await putFile({ url, file, sizeBytes: Buffer.byteLength(text), headers: { 'content-type': 'text/plain; charset=utf-8' }, retryMs: RETRY_MS, idleMs: IDLE_MS, signal });
      return { kind: 'uploaded', files: 1 };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { kind: 'error', code: error instanceof TransferError ? 'NotUploaded' : 'Failed', message: messageOf(error) };
  }
}

/** Lines that begin with an instant from `from` to `to` (null: no end), each with those that belong to it. */
export function linesBetween(log: string, from: number, to: number | null): string {
  let isWithin = false;
  const kept = log.split('\n').filter((line) => {
    const at = Date.parse(/^\d{4}-\d\d-\d\dT[\d:.]+Z(?= )/.exec(line)?.[0] ?? '');
    if (!Number.isNaN(at)) isWithin = at >= from && (to === null || at <= to);
    return isWithin && line !== '';
  });
  return kept.map((line) => `${line}\n`).join('');
}

/** No line of ours has a credential in it: this holds whatever a failure of others says in its words. */
export function withoutSecrets(text: string, credential: string): string {
  return text.replaceAll(credential, '***').replaceAll(/([?&]sig=)[^&\s"']+/g, '$1***');
}
