import { join } from 'node:path';
import { FOUND_ADDRESS } from '../../agent/ownAddress.ts';
import type { AgentOptions } from '../../agent/options.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import type { NodeRequest } from '../provider.ts';
import type { RemoteService } from './service.ts';

/**
 * The configuration of an agent on another machine, as its file there has it. `directory`: the node's own on that
 * machine, absolute; the root that tasks see and the agent's state are made below it. Its tasks run as the agent's
 * user, and what bounds the node is its engine's.
 */
export function remoteAgentOptions({ nodeId, life, credential, priority, vmSize, image }: NodeRequest, { agentUrl, authority }: RemoteService, directory: string): AgentOptions {
  return {
    nodeId,
    life,
    agentUrl,
    authority,
    credential,
    rootDirectory: join(directory, 'root'),
    stateDirectory: join(directory, 'state'),
    ipAddress: FOUND_ADDRESS,
    uidBase: null,
    ...(priority === 'low' ? { lowPriority: true } : {}),
    instance: { vmSize: findVmSize(vmSize)?.displayName ?? vmSize, image: image?.kind === 'marketplace' ? image : null },
  };
}
