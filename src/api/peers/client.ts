import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { NotOwnedHere } from '../../base/notOwned.ts';
import type { Peer } from '../../ports.ts';
import { PEER_HEADER, type PeerSignatures } from './signature.ts';

/** Paths of what processes ask of each other. */
export const PEER_PATH = '/linarite/internal/';

/** What is answered where the account is not that process's (RFC 9110, 15.5.20). */
export const MISDIRECTED = 421;

/** The other process is not there, or answers nothing of use: it may have ended. */
export class PeerUnreachable extends Error {
  override readonly name = 'PeerUnreachable';
}

export interface PeerClientOptions {
  readonly signatures: PeerSignatures;
  /** PEM: the authority that all processes share, and the only one that is trusted here. */
  readonly authority: () => string | undefined;
}

/** A process that is gone without a word is given up after so long; one that answers slowly is waited for. */
const CONNECT_MS = 3_000;
const LARGEST_ANSWER_BYTES = 64 << 20;

/** Asks other processes of the same database, over connections that are kept. */
export class PeerClient {
  readonly #options: PeerClientOptions;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 256 });
  #https: HttpsAgent | undefined;

  constructor(options: PeerClientOptions) {
    this.#options = options;
  }

  /** What the process answers. @throws PeerUnreachable, NotOwnedHere, an error with what it says. */
  async ask(peer: Peer, operation: string, body: object, signal?: AbortSignal): Promise<unknown> {
    const response = await this.stream(peer, operation, body, signal);
    const text = await textOf(response);
    if (response.statusCode === 200) return text === '' ? null : JSON.parse(text);
    throw new Error(`the process at ${peer.url} answered ${response.statusCode}: ${text.slice(0, 500)}`);
  }

  /** Its answer as it comes. The body breaks when `signal` aborts. @throws as `ask`. */
  stream(peer: Peer, operation: string, body: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const text = JSON.stringify(body);
    const path = `${PEER_PATH}${operation}`;
    const headers = { [PEER_HEADER]: this.#options.signatures.sign({ method: 'POST', path, body: text }), 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const asking = this.request(peer, path, { method: 'POST', headers, ...(signal === undefined ? {} : { signal }) });
      const late = setTimeout(() => asking.destroy(new Error('it takes no connection')), CONNECT_MS);
      asking.once('socket', (socket) => {
        if (!socket.connecting) clearTimeout(late);
        else socket.once('connect', () => clearTimeout(late));
      });
      asking.once('response', (response) => {
        clearTimeout(late);
        if (response.statusCode !== MISDIRECTED) return resolve(response);
        response.resume();
        reject(new NotOwnedHere(accountIn(body)));
      });
      asking.once('error', (error) => {
        clearTimeout(late);
        reject(signal?.aborted === true ? error : new PeerUnreachable(`the process at ${peer.url} cannot be asked: ${error.message}`, { cause: error }));
      });
      asking.end(text);
    });
  }

  /** A request to the process, as it is; whoever asks signs it. */
  request(peer: Peer, path: string, options: RequestOptions): ReturnType<typeof httpRequest> {
    const url = new URL(path, peer.url);
    if (url.protocol === 'http:') return httpRequest(url, { agent: this.#http, ...options });
    return httpsRequest(url, { agent: this.#secure(), ...options });
  }

  /** What a TLS connection to another process trusts: whatever name it is called by, the authority is ours alone. */
  get tls(): { readonly ca?: string; readonly checkServerIdentity: () => undefined } {
    const ca = this.#options.authority();
    return { ...(ca === undefined ? {} : { ca }), checkServerIdentity: () => undefined };
  }

  close(): void {
    this.#http.destroy();
    this.#https?.destroy();
  }

  #secure(): HttpsAgent {
    return (this.#https ??= new HttpsAgent({ keepAlive: true, maxSockets: 256, ...this.tls }));
  }
}

function accountIn(body: object): number {
  return 'account' in body && typeof body.account === 'number' ? body.account : 0;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) throw new Error('another process answers too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
