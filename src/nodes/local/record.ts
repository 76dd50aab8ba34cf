import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_NAME } from '../../agent/log.ts';
import type { AccountNumber, NodeNumber, PoolNumber } from '../../core/keys.ts';
import { accountOf } from '../../core/node/numbers.ts';
import { parseProcessIdentity, type ProcessIdentity } from '../../processes/identity.ts';

/** The record of a node on disk: the service finds its agents by it after a restart. */
export interface NodeRecord {
  readonly node: NodeNumber;
  readonly life: number;
  readonly account: AccountNumber;
  /** The cores of a low-priority node; left out: it is dedicated, or a record of before. */
  readonly lowPriorityCores?: number;
  /** This life was taken back, whoever hears of it. */
  readonly isTakenBack?: boolean;
  /** null: written before the agent was started; the process is then looked for by its configuration file. */
  readonly agent: ProcessIdentity | null;
  /** Whose switch the agent has open; null: none's. */
  readonly linkedTo: PoolNumber | null;
}

/** `<dataRoot>/<node>/`: `root` is what tasks see, `state` the agent's own. */
export interface NodePlace {
  readonly directory: string;
  readonly root: string;
  readonly state: string;
  readonly config: string;
  readonly log: string;
}

export function placeOf(dataRoot: string, node: NodeNumber): NodePlace {
  const directory = join(dataRoot, String(node));
  const state = join(directory, 'state');
  return { directory, root: join(directory, 'root'), state, config: join(state, 'config.json'), log: join(state, LOG_NAME) };
}

/**
 * A variable of the agent's environment with the path of its configuration: an agent without a record is found by it.
 */
export const CONFIG_VARIABLE = 'LINARITE_AGENT_CONFIG';

export function writeRecord(dataRoot: string, record: NodeRecord): Promise<void> {
  return writePrivately(join(placeOf(dataRoot, record.node).directory, 'node.json'), record);
}

/** Whole or not at all, readable by its owner alone. */
export async function writePrivately(path: string, value: object): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function readRecords(dataRoot: string): Promise<readonly NodeRecord[]> {
  await mkdir(dataRoot, { recursive: true, mode: 0o711 });
  const names = (await readdir(dataRoot)).filter((name) => /^\d+$/.test(name));
  const records = await Promise.all(names.map((name) => readRecord(join(dataRoot, name, 'node.json'))));
  return records.filter((record) => record !== null);
}

async function readRecord(path: string): Promise<NodeRecord | null> {
  try {
    const read: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof read !== 'object' || read === null || !('node' in read) || !('life' in read) || !('agent' in read)) return null;
    if (typeof read.node !== 'number' || typeof read.life !== 'number') return null;
    // Records of before do not say the account.
    const account = 'account' in read && typeof read.account === 'number' ? read.account : accountOf(read.node);
    const linkedTo = 'linkedTo' in read && typeof read.linkedTo === 'number' ? read.linkedTo : null;
    const cores = 'lowPriorityCores' in read && typeof read.lowPriorityCores === 'number' ? { lowPriorityCores: read.lowPriorityCores } : {};
    return { node: read.node, life: read.life, account, ...cores, ...('isTakenBack' in read && read.isTakenBack === true ? { isTakenBack: true } : {}), agent: parseProcessIdentity(read.agent) ?? null, linkedTo };
  } catch {
    return null;
  }
}
