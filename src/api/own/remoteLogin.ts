/**
 * Our own operation on the way in to a node: beside what the service's own answers, the key by which the node shows
 * that it is the one (docs/nodes.md).
 */
import type { Answer } from '../answer.ts';
import { param, type Parts } from '../call.ts';
import { remoteLoginOf } from '../data/node/users.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json } from './json.ts';

export const remoteLoginOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/pools/{poolId}/nodes/{nodeId}/remotelogin', right: 'read', of: 'pools', run: remoteLogin }];

/** How long the node is waited for. */
const PATIENCE_MS = 20_000;

/** Rejects as `remoteLoginOf` does. */
async function remoteLogin(call: OwnCall, parts: Parts): Promise<Answer> {
  const { account } = call;
  const { address, port, hostKey } = await remoteLoginOf({ account, poolId: param(call, 'poolId'), nodeId: param(call, 'nodeId'), signal: parts.timeout(PATIENCE_MS) }, parts);
  return json(200, { address, port, hostKey });
}
