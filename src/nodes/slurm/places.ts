import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentOptions } from '../../agent/options.ts';
import { codeOf } from '../../base/errors.ts';
import type { NodeNumber } from '../../core/keys.ts';
import { writePrivately } from '../local/record.ts';
import { openTrash } from '../local/trash.ts';

/**
 * What lies on the file system that this machine shares with the cluster, for one service: `lives/<node>.<life>` has
 * the agent's configuration, its log, and whether it has ended; `nodes/<node>` is the node's own. A life without a
 * directory was released.
 */
export interface SharedPlaces {
  readonly lives: string;
  /** Of a node, on whatever machine it is. */
  nodeDirectory(node: NodeNumber): string;
  /** The directory of a life, with its configuration for its user alone. */
  furnish(node: NodeNumber, options: AgentOptions): Promise<void>;
  isKnown(node: NodeNumber, life: number): boolean;
  /** Its agent has ended by itself, and before that all that it started. */
  hasEnded(node: NodeNumber, life: number): boolean;
  /** Of the node, up to this life; with the node's own directory where that goes too. */
  forget(node: NodeNumber, life: number, withNode: boolean): Promise<void>;
  /** Resolves when no deletion is under way. */
  settle(): Promise<void>;
}

export const CONFIG_NAME = 'agent.json';
export const LOG_NAME = 'agent.log';
export const ENDED_NAME = 'ended';

/** `directory`: of the service. `say` gets what could not be deleted. */
export function openPlaces(directory: string, say: (message: string) => void): SharedPlaces {
  const lives = join(directory, 'lives');
  const nodes = join(directory, 'nodes');
  const trash = openTrash(nodes, say);
  const lifeDirectory = (node: NodeNumber, life: number): string => join(lives, `${node}.${life}`);
  const livesUpTo = async (node: NodeNumber, life: number): Promise<readonly string[]> => {
    // A node has few lives at a time, and the directory those of thousands of nodes.
    const names = await readdir(lives).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => name.startsWith(`${node}.`) && Number(name.slice(String(node).length + 1)) <= life);
  };
  return {
    lives,
    nodeDirectory: (node) => join(nodes, String(node)),
    furnish: async (node, options) => {
      const life = lifeDirectory(node, options.life);
      await mkdir(life, { recursive: true, mode: 0o700 });
      await rm(join(life, ENDED_NAME), { force: true });
      await writePrivately(join(life, CONFIG_NAME), options);
    },
    isKnown: (node, life) => existsSync(lifeDirectory(node, life)),
    hasEnded: (node, life) => existsSync(join(lifeDirectory(node, life), ENDED_NAME)),
    forget: async (node, life, withNode) => {
      for (const name of await livesUpTo(node, life)) await rm(join(lives, name), { recursive: true, force: true });
      if (withNode) await trash.put(join(nodes, String(node)));
    },
    settle: () => trash.settle(),
  };
}
