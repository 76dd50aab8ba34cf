/**
 * Our own operation on the way in to a node: beside what the service's own answers, the key by which the node shows
 * that it is the one (docs/nodes.md).
 */
import type { AccountNumber } from '../../core/keys.ts';
import { BatchError } from '../../wire/errors.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import { remoteLoginOf } from '../data/node/users.ts';
import { json, segmentsOf } from './paths.ts';

/** How long the node is waited for. */
const PATIENCE_MS = 20_000;

/**
 * `GET /linarite/pools/{pool}/nodes/{node}/remotelogin`; undefined: another path. The answer rejects as `remoteLoginOf`
 * does. @throws BatchError UnsupportedHttpVerb, RequestUrlFailedToParse.
 */
export function matchRemoteLogin(method: string, path: string): ((account: AccountNumber, parts: Parts) => Promise<Answer>) | undefined {
  const [poolId, nodes, nodeId, remoteLogin, ...rest] = segmentsOf(path, 'pools') ?? [];
  if (poolId === undefined || nodes !== 'nodes' || nodeId === undefined || remoteLogin !== 'remotelogin' || rest.length > 0) return undefined;
  if (method !== 'GET') throw new BatchError('UnsupportedHttpVerb');
  return async (account, parts) => {
    const { address, port, hostKey } = await remoteLoginOf({ account, poolId, nodeId, signal: parts.timeout(PATIENCE_MS) }, parts);
    return json(200, { address, port, hostKey });
  };
}
