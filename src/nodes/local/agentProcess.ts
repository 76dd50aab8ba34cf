import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, constants, mkdir, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import { BOOTED_VARIABLE } from '../../agent/booted.ts';
import type { AgentOptions } from '../../agent/options.ts';
import type { Isolation } from '../../agent/place/isolation.ts';
import { identifyProcess, type ProcessIdentity } from '../../processes/identity.ts';
import { yieldToUs } from '../../processes/priority.ts';
import { commandIn } from './isolation.ts';
import type { OwnNetwork } from './network/nodeNetworks.ts';
import { CONFIG_VARIABLE, type NodePlace, writePrivately } from './record.ts';

/**
 * The process of one agent: its directories and configuration, and the program that it runs as. `commandIn` puts around
 * it what an agent needs (namespaces, limits).
 */

/**
 * An agent is this much nicer than the service: both share the machine, and the service has to answer while nodes work.
 */
const NICER_THAN_SERVICE = 5;
/** A boot that takes longer holds up no other. */
const BOOT_MS = 20_000;
/** Where the agent's end of the pipe is. */
const BOOTED_DESCRIPTOR = 3;

export interface AgentProcess {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
  /**
   * Resolves when the agent has booted (it has told its owner how it is), has ended, or takes too long. Never rejects.
   */
  readonly booted: Promise<void>;
}

/**
 * Makes the directories and files that an agent finds when it starts. Users of its tasks may pass through the
 * directories, and nobody may list them.
 */
export async function furnish(dataRoot: string, place: NodePlace, options: AgentOptions): Promise<void> {
  await mkdir(place.state, { recursive: true, mode: 0o711 });
  for (const directory of [dataRoot, place.directory, place.state]) await chmod(directory, 0o711);
  await writePrivately(place.config, options);
}

/**
 * Starts the agent, detached and in a session of its own. Throws with the system's reason if there is no such program,
 * or if it ends at once.
 */
export async function spawnAgent(agentCommand: readonly [string, ...string[]], place: NodePlace, isolation: Isolation, network: OwnNetwork | null): Promise<AgentProcess> {
  // What stands before it would only say that it ended.
  if (isAbsolute(agentCommand[0])) await access(agentCommand[0], constants.X_OK);
  const words = commandIn(isolation, agentCommand);
  const [program, ...args] = network === null ? words : network.words(words);
  const log = await open(place.log, 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'pipe', ...(typeof network?.switch === 'number' ? [network.switch] : [])],
      env: {
        PATH: process.env['PATH'],
        TMPDIR: process.env['TMPDIR'],
        NODE_ENV: process.env['NODE_ENV'],
        [CONFIG_VARIABLE]: place.config,
        [BOOTED_VARIABLE]: String(BOOTED_DESCRIPTOR),
      },
    });
    if (child.pid !== undefined) yieldToUs(child.pid, NICER_THAN_SERVICE);
    await once(child, 'spawn');
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (identity === undefined) throw new Error('the agent ended at once');
    child.unref();
    return { child, identity, booted: untilBooted(child) };
  } finally {
    await log.close();
  }
}

/** The agent closes its end of the pipe. */
function untilBooted(child: ChildProcess): Promise<void> {
  const pipe = child.stdio[BOOTED_DESCRIPTOR];
  return new Promise((resolve) => {
    const timer = setTimeout(settle, BOOT_MS);
    timer.unref();
    function settle(): void {
      clearTimeout(timer);
      pipe?.destroy();
      resolve();
    }
    child.once('exit', settle);
    if (!(pipe instanceof Socket)) return;
    pipe.unref();
    pipe.on('error', settle).on('close', settle).resume();
  });
}
