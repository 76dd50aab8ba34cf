import type { IncomingMessage } from 'node:http';
import type { FileAnswer, FileProperties, FileRead, NodeAnswer, NodeFiles, NodeRequests } from '../../ports.ts';
import { routed, type Routing } from './routed.ts';

/** Of a file whose bytes are the body. */
export const FILE_HEADER = 'linarite-file';

/** Files on nodes, by the process whose owner has the node's agent: their bytes pass through this one. */
export function routedFiles(routing: Routing, local: NodeFiles): NodeFiles {
  const { client } = routing;
  return {
    ask: (account, node, ask, signal) =>
      routed(routing, account, {
        here: () => local.ask(account, node, ask, signal),
        there: async (peer) => (await client.ask(peer, 'file', { account, node, ask }, signal)) as FileAnswer,
        signal,
      }),
    read: (account, node, ask, signal) =>
      routed(routing, account, {
        here: () => local.read(account, node, ask, signal),
        there: async (peer) => readOf(await client.stream(peer, 'read', { account, node, ask }, signal), signal),
        signal,
      }),
  };
}

async function readOf(response: IncomingMessage, signal: AbortSignal): Promise<FileRead> {
  const properties = response.headers[FILE_HEADER];
  if (response.statusCode === 200 && typeof properties === 'string') {
    signal.addEventListener('abort', () => response.destroy(), { once: true });
    return { kind: 'file', file: JSON.parse(decodeURIComponent(properties)) as FileProperties, body: response };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (response.statusCode !== 200) throw new Error(`another process could not read a file: ${text.slice(0, 500)}`);
  return JSON.parse(text) as Extract<FileRead, { kind: 'error' }>;
}

/** What else clients ask of nodes. */
export function routedNodeRequests(routing: Routing, local: NodeRequests): NodeRequests {
  return {
    ask: (account, node, ask, signal) =>
      routed(routing, account, {
        here: () => local.ask(account, node, ask, signal),
        there: async (peer) => (await routing.client.ask(peer, 'node', { account, node, ask }, signal)) as NodeAnswer,
        signal,
      }),
  };
}
