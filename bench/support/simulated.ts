import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type Instance, linarite, type LinariteEnv } from '../../test/support/linarite.ts';
import { startAgent, type Scripted, type Script } from './scriptedAgent.ts';
import type { Said, SelfTime, Told } from './simulatedService.ts';

/** A service in a process of its own, whose nodes are agents of the bench: real sockets, no processes. */
export interface SimulatedService {
  readonly env: LinariteEnv;
  readonly pid: number;
  /** Sets the service's time of day forward; resolves once it is. */
  advance(ms: number): Promise<void>;
  /** The service's processor time by function while `work` goes on, the functions that took most first. */
  profiled<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly top: readonly SelfTime[] }>;
  /** Ends it, with its nodes; the data stays. */
  stop(): Promise<void>;
}

/** Runs it on a data directory, of which another service may have made something before. */
export async function startSimulated({ dataDir, port }: Pick<Instance, 'dataDir' | 'port'>, script: Script): Promise<SimulatedService> {
  const child = fork(join(import.meta.dirname, 'simulatedService.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const agents = new Map<number, Scripted>();
  // That it cannot hear any more, whoever waits for an answer learns from its end.
  const tell = (told: Told): void => void child.send(told, () => {});
  child.on('message', (said: Said) => {
    if (said.kind === 'acquire') {
      const { node, life } = said.request;
      agents.get(node)?.end();
      agents.set(node, startAgent(said.request, script));
      tell({ kind: 'observed', observation: { node, life, observed: { kind: 'running' } } });
    } else if (said.kind === 'end') {
      const { node, life } = said;
      agents.get(node)?.end();
      agents.delete(node);
      if (child.connected) tell({ kind: 'observed', observation: { node, life, observed: { kind: 'ended', reason: 'the bench has ended it' } } });
    }
  });
  const ready = said(child, 'ready');
  tell({ kind: 'run', dataDir, port });
  await ready;
  return {
    pid: child.pid ?? 0,
    advance: async (ms) => {
      const advanced = said(child, 'advanced');
      tell({ kind: 'advance', ms });
      await advanced;
    },
    env: JSON.parse((await linarite(['env', '--data-dir', dataDir, '--format', 'json'])).stdout) as LinariteEnv,
    profiled: async (work) => {
      tell({ kind: 'profile' });
      const result = await work();
      const profile = said(child, 'profile');
      tell({ kind: 'profiled' });
      return { result, top: (await profile).top };
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      for (const agent of agents.values()) agent.end();
    },
  };
}

/** A data directory and a port without a service. */
export async function place(): Promise<Pick<Instance, 'dataDir' | 'port' | 'purge'>> {
  const parent = await mkdtemp(join(tmpdir(), 'linarite-simulated-'));
  await chmod(parent, 0o711);
  const dataDir = join(parent, 'data');
  return {
    dataDir,
    port: await freePort(),
    purge: async () => {
      await linarite(['down', '--purge', '--data-dir', dataDir]);
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/** The next message of this kind. Rejects when the service ends before. */
function said<Kind extends Said['kind']>(child: ChildProcess, kind: Kind): Promise<Extract<Said, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const hear = (message: Said): void => {
      if (message.kind !== kind) return;
      child.off('message', hear).off('exit', fail);
      resolve(message as Extract<Said, { kind: Kind }>);
    };
    const fail = (code: number | null): void => reject(new Error(`the service ended with code ${code}`));
    child.on('message', hear);
    child.once('exit', fail);
  });
}
