import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import type { PoolNumber } from '../../../core/keys.ts';
import { createLines } from '../turns.ts';
import { wordsForSwitch } from './namespace.ts';
import { SWITCH_DESCRIPTOR } from './programs.ts';

/**
 * The network that nodes of one pool share: a bridge in a network namespace where nobody lives and nothing else is. The
 * service has it open while the pool has nodes here, and so have their agents: it outlives a service that is killed,
 * and the next one finds it with them. It ends with the last of them.
 */
export interface Switches {
  /**
   * A descriptor of the pool's switch, which is the caller's to close; made where there is none. `agents`: pids of
   * living agents that have it open.
   */
  of(pool: PoolNumber, agents: readonly number[]): Promise<number>;
  /** The pool has no nodes here any more. */
  forget(pool: PoolNumber): void;
  close(): void;
}

export function createSwitches(): Switches {
  const open = new Map<PoolNumber, number>();
  const inLine = createLines<PoolNumber>();
  const forget = (pool: PoolNumber): void => {
    const descriptor = open.get(pool);
    if (descriptor !== undefined) closeSync(descriptor);
    open.delete(pool);
  };
  return {
    of: (pool, agents) =>
      inLine(pool, async () => {
        const descriptor = open.get(pool) ?? adopt(agents) ?? (await make());
        open.set(pool, descriptor);
        return openSync(`/proc/self/fd/${descriptor}`, 'r');
      }),
    forget,
    close: () => {
      for (const pool of open.keys()) forget(pool);
    },
  };
}

function adopt(agents: readonly number[]): number | undefined {
  for (const pid of agents) {
    const path = `/proc/${pid}/fd/${SWITCH_DESCRIPTOR}`;
    try {
      if (readlinkSync(path).startsWith('net:')) return openSync(path, 'r');
    } catch {
      // It has just ended.
    }
  }
  return undefined;
}

/** Rejects with what the system said. */
async function make(): Promise<number> {
  const [program, ...args] = wordsForSwitch();
  const holder = spawn(program, args, { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(holder, 'close');
  try {
    const made = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
    if (!made) throw new Error(`a network for the nodes of a pool could not be made: ${said.trim()}`);
    return openSync(`/proc/${holder.pid}/ns/net`, 'r');
  } finally {
    holder.stdin.end();
    await ended;
  }
}
