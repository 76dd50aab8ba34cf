import { fileURLToPath } from 'node:url';
import { createLocalProvider, type LocalProvider } from '../../nodes/local/provider.ts';

/** How long an agent has to end its tasks when the service goes down. */
export const LEAVE_GRACE_MS = 2_000;

const CLI = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url));

/** Nodes as processes of this machine, below the nodes' directory of a data directory. */
export const localNodes = (nodesDirectory: string, say?: (message: string) => void): LocalProvider =>
  createLocalProvider({ dataRoot: nodesDirectory, ...(say === undefined ? {} : { say }), agentCommand: [process.execPath, ...process.execArgv, CLI, 'agent'] });

/** Ends agents that outlived a killed service, with all they started; what lies on their nodes stays. Returns how many there were. */
export const endAgents = async (nodesDirectory: string): Promise<number> => {
  const provider = localNodes(nodesDirectory);
  const alive = (await provider.list()).filter(({ observed }) => observed.kind === 'running');
  await Promise.all(alive.map(({ node, life }) => provider.halt(node, life, LEAVE_GRACE_MS)));
  await provider.close();
  return alive.length;
};
