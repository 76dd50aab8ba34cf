import { join } from 'node:path';
import { FOUND_ADDRESS } from '../../agent/ownAddress.ts';
import type { AgentOptions } from '../../agent/options.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { FIRST_UID, UID_BLOCKS, UIDS_PER_NODE } from '../../agent/users.ts';
import type { NodeNumber } from '../../core/keys.ts';
import type { NodeRequest } from '../provider.ts';
import type { RemoteService } from './service.ts';

/**
 * The configuration of an agent on another machine, as its file there has it. `directory`: the node's own on that
 * machine, absolute; the root that tasks see and the agent's state are made below it. What bounds the node is its
 * engine's. `isRoot`: the agent is, so that its tasks get users of their own, who have to be able to pass to that
 * directory; else they run as the agent's user.
 */
export function remoteAgentOptions({ node, nodeId, life, credential, priority, vmSize, image }: NodeRequest, { agentUrl, authority }: RemoteService, directory: string, isRoot: boolean): AgentOptions {
  return {
    nodeId,
    life,
    agentUrl,
    authority,
    credential,
    rootDirectory: join(directory, 'root'),
    stateDirectory: join(directory, 'state'),
    ipAddress: FOUND_ADDRESS,
    uidBase: isRoot ? uidBaseOf(node) : null,
    ...(priority === 'low' ? { lowPriority: true } : {}),
    instance: { vmSize: findVmSize(vmSize)?.displayName ?? vmSize, image: image?.kind === 'marketplace' ? image : null },
  };
}

/** Bounds on a user's processes count those of all nodes of a machine: users of two nodes are not the same. */
function uidBaseOf(node: NodeNumber): number {
  return FIRST_UID + (node % UID_BLOCKS) * UIDS_PER_NODE;
}
