import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The agent process of a node, by the configuration it was given. */
export async function agentOf(nodeId: string, dataDir: string): Promise<number> {
  const nodes = join(dataDir, 'nodes');
  for (const name of await readdir(nodes)) {
    const config = await readFile(join(nodes, name, 'state', 'config.json'), 'utf8').catch(() => '');
    if (!config.includes(nodeId)) continue;
    const record = JSON.parse(await readFile(join(nodes, name, 'node.json'), 'utf8')) as { agent: { pid: number } };
    return record.agent.pid;
  }
  throw new Error(`no agent of ${nodeId} below ${nodes}`);
}
