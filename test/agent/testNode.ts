import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeSetup } from '../../src/agent/frames.ts';
import type { AgentOptions } from '../../src/agent/options.ts';
import { removeBusyTree } from '../../src/agent/removal.ts';
import { commandIn } from '../../src/nodes/local/isolation.ts';
import { type ScriptedOwner, startOwner } from './scriptedOwner.ts';

export const agentCommand = [process.execPath, '--import', import.meta.resolve('tsx'), fileURLToPath(new URL('entry.ts', import.meta.url))] as const;

/** A real agent process and its scripted owner. */
export interface TestNode {
  readonly owner: ScriptedOwner;
  readonly root: string;
  readonly state: string;
  readonly options: AgentOptions;
  agent: ChildProcess;
  /** Starts a further life on the same root. */
  startAgent(life: number): void;
  /** Resolves with exit code or signal. */
  readonly exited: () => Promise<number | string | null>;
  close(): Promise<void>;
}

const CREDENTIAL = 'secret-of-the-node';

export async function startNode(setup: Partial<NodeSetup> = {}, changes: Partial<AgentOptions> = {}): Promise<TestNode> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-agent-'));
  chmodSync(directory, 0o711);
  const owner = await startOwner(setup);
  const options: AgentOptions = {
    nodeId: 'tvmps_0000_d',
    life: 1,
    agentUrl: owner.agentUrl,
    credential: CREDENTIAL,
    rootDirectory: join(directory, 'root'),
    stateDirectory: join(directory, 'state'),
    ipAddress: '127.0.0.1',
    uidBase: process.geteuid?.() === 0 ? 1_900_000_000 + (process.pid % 1000) * 1024 : null,
    ...changes,
  };
  const start = (life: number): ChildProcess => {
    const config = join(directory, 'config.json');
    writeFileSync(config, JSON.stringify({ ...options, life }), { mode: 0o600 });
    const [program, ...args] = commandIn(options.isolation ?? 'none', agentCommand);
    return spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { PATH: process.env['PATH'], LINARITE_AGENT_CONFIG: config } });
  };
  const exits = (agent: ChildProcess): Promise<number | string | null> =>
    agent.exitCode !== null || agent.signalCode !== null
      ? Promise.resolve(agent.exitCode ?? agent.signalCode)
      : new Promise((resolve) => {
          agent.once('exit', (code, signal) => resolve(code ?? signal));
        });
  const node: TestNode = {
    owner,
    root: options.rootDirectory,
    state: options.stateDirectory,
    options,
    agent: start(options.life),
    startAgent: (life) => {
      node.agent = start(life);
    },
    exited: () => exits(node.agent),
    close: async () => {
      node.agent.kill('SIGTERM');
      await exits(node.agent);
      await owner.close();
      removeBusyTree(directory);
    },
  };
  return node;
}
