import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { markedProcesses } from '../../../src/agent/processes.ts';
import type { ClosableProvider } from '../../../src/nodes/provider.ts';
import type { SlurmOptions } from '../../../src/nodes/slurm/options.ts';
import { createSlurmProvider } from '../../../src/nodes/slurm/provider.ts';
import { agentCommand } from '../../agent/testNode.ts';
import { type SlurmCluster, slurmMissing, startSlurmCluster } from '../../support/slurmCluster.ts';
import { describeProvider } from '../providerContract.ts';

const CLUSTER = '0123456789ab';
const OWNER = `${CLUSTER}-slurm`;

let cluster: SlurmCluster;
const missing = slurmMissing();

describe.skipIf(missing !== null)(`Slurm (needs ${missing ?? 'nothing more'})`, () => {
  beforeAll(async () => {
    cluster = await startSlurmCluster();
  });
  afterAll(() => cluster.close());

  function optionsFor(agentUrl: string, directory: string): SlurmOptions {
    return { name: 'slurm', service: { agentUrl, authority: '', cluster: CLUSTER, leaseMs: 5_000 }, directory, agentProgram: agentCommand, partition: 'high', lowPriorityPartition: 'spot', slurmConf: cluster.environment.SLURM_CONF };
  }

  describeProvider(
    'Slurm',
    async (agentUrl) => {
      const directory = mkdtempSync(join(tmpdir(), 'linarite-shared-'));
      chmodSync(directory, 0o711);
      const options = optionsFor(agentUrl, directory);
      let provider: ClosableProvider = createSlurmProvider(options);
      return {
        provider,
        restart: async () => {
          await provider.close();
          provider = createSlurmProvider(options);
          return provider;
        },
        killAgent: async (node) => {
          for (const pid of agentsOf(join(directory, OWNER), node)) process.kill(pid, 'SIGKILL');
          await expect.poll(() => cluster.run('squeue', '-h', '-t', 'R,CG').trim(), { timeout: 30_000, interval: 200 }).toBe('');
        },
        survivors: (node) => markedProcesses([`LINARITE_NODE=${join(directory, OWNER, 'nodes', String(node), 'root')}`]),
        close: async () => {
          for (const { node, life } of await provider.list('all')) await provider.release(node, life, 2_000);
          await provider.close();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    },
  );
});

/** Agents of the node: processes of Node.js that read a configuration of one of its lives. */
function agentsOf(directory: string, node: number): readonly number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`LINARITE_AGENT_CONFIG=${join(directory, 'lives', String(node))}.`) && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('node');
    } catch {
      return false;
    }
  });
}
