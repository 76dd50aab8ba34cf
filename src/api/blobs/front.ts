import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { StorageAccounts } from '../../blobs/accounts.ts';
import { accountSas, type SasRight, type SigningAccount } from '../../blobs/sas.ts';
import { bearerOf } from '../bearer.ts';
import { StorageRefusal } from './refusals.ts';

/** What the blobs of an account are asked for. */
type BlobAction = 'read' | 'write' | 'delete';

export interface BlobFrontOptions {
  readonly storages: StorageAccounts;
  /** Whether the bearer of a token may do that in a storage account. @throws StorageRefusal for no token of ours. */
  readonly permits: (token: string, account: string, action: BlobAction) => Promise<boolean>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Serves the requests of a host that is for the blobs of one account. Never throws. */
export type BlobFront = (account: string, request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A request that was admitted goes on at once. */
const SIGNED_FOR_MS = 5 * 60_000;
const RIGHTS: Readonly<Record<BlobAction, readonly SasRight[]>> = { read: ['read', 'list'], write: ['read', 'add', 'create', 'write', 'list'], delete: ['delete'] };

/**
 * Hands requests on to the blob server of our own, which speaks plain HTTP on this machine. Signatures are verified
 * there: they are over what the client sent, so nothing of it is changed. A bearer token is verified here, and a
 * signature of ours put in its place.
 */
export function createBlobFront({ storages, permits, now }: BlobFrontOptions): BlobFront {
  const agent = new Agent({ keepAlive: true });
  return async (name, request, response) => {
    try {
      const account = storages.isOurs ? storages.named(name) : undefined;
      if (account === undefined) throw new StorageRefusal('ResourceNotFound', `There is no storage account '${name}' here.`);
      const token = bearerOf(request);
      const target = token === null ? (request.url ?? '/') : await admitted(token, account, request);
      handOn(agent, account, target, request, response);
    } catch (error) {
      refuse(error, response);
    }
  };

  async function admitted(token: string, account: SigningAccount, { method = 'GET', url = '/' }: IncomingMessage): Promise<string> {
    const action = actionOf(method);
    if (!(await permits(token, account.accountName, action))) {
      throw new StorageRefusal('AuthorizationPermissionMismatch', 'This request is not authorized to perform this operation using this permission.');
    }
    return `${url}${url.includes('?') ? '&' : '?'}${accountSas(account, RIGHTS[action], now() + SIGNED_FOR_MS).toString()}`;
  }
}

function actionOf(method: string): BlobAction {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}

function handOn(agent: Agent, account: SigningAccount, target: string, request: IncomingMessage, response: ServerResponse): void {
  const { hostname, port } = new URL(account.endpoint);
  const headers = { ...request.headers };
  // It is ours, and has been looked at.
  if (bearerOf(request) !== null) delete headers['authorization'];
  const asked = httpRequest({ agent, hostname, port, method: request.method, path: target, headers, setHost: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
    // One that breaks off breaks the client's connection: so it knows that it does not have it all.
    pipeline(answer, response, () => undefined);
  });
  asked.once('error', () => refuse(new StorageRefusal('ServerBusy', 'The blob server does not answer.'), response));
  pipeline(request, asked, () => undefined);
}

function refuse(error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message } = error instanceof StorageRefusal ? error : new StorageRefusal('InternalError', 'The server encountered an internal error. Please retry the request.');
  const challenge = status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
  response.writeHead(status, { 'x-ms-error-code': code, 'content-type': 'application/xml', ...challenge });
  response.end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
