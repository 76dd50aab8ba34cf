import { Worker } from 'node:worker_threads';
import { siblingModule, threadArguments } from '../../../processes/module.ts';
import type { SimulationAsk, SimulationEnd, Simulations } from '../../../ports.ts';

export interface SimulationBounds {
  readonly mostMs: number;
  readonly mostMb: number;
  /** Beside the one that runs. */
  readonly mostWaiting: number;
}

const BOUNDS: SimulationBounds = { mostMs: 60_000, mostMb: 512, mostWaiting: 3 };

/**
 * Simulations in a thread each, one at a time: the service answers meanwhile, and one that takes too long, or too much
 * memory, ends with its thread. Those that wait are begun in the order in which they came.
 */
export function simulationThreads(bounds: SimulationBounds = BOUNDS): Simulations {
  let last: Promise<unknown> = Promise.resolve();
  let there = 0;
  return {
    run: async (ask, signal) => {
      if (there > bounds.mostWaiting) return { kind: 'busy' };
      there += 1;
      const before = last;
      const end = before.then(() => inThread(ask, bounds, signal)).finally(() => (there -= 1));
      last = end.catch(() => {});
      return end;
    },
  };
}

async function inThread(ask: SimulationAsk, { mostMs, mostMb }: SimulationBounds, signal: AbortSignal): Promise<SimulationEnd> {
  signal.throwIfAborted();
  const [program, options] = threadArguments(siblingModule(import.meta.url, './thread'));
  const thread = new Worker(program, { ...options, env: {}, resourceLimits: { maxOldGenerationSizeMb: mostMb } });
  let timer: NodeJS.Timeout | undefined;
  let aborted: (() => void) | undefined;
  try {
    return await new Promise<SimulationEnd>((resolve, reject) => {
      aborted = () => reject(signal.reason as Error);
      signal.addEventListener('abort', aborted, { once: true });
      timer = setTimeout(() => resolve({ kind: 'tooLarge', reason: `It did not end within ${mostMs / 1_000} s.` }), mostMs);
      thread.once('message', resolve);
      thread.once('error', (error) => {
        if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ kind: 'tooLarge', reason: `It needs more than ${mostMb} MB of memory.` });
        else reject(error);
      });
      thread.once('exit', () => reject(new Error('the thread of a simulation ended without a word')));
      thread.postMessage(ask);
    });
  } finally {
    clearTimeout(timer);
    if (aborted !== undefined) signal.removeEventListener('abort', aborted);
    await thread.terminate();
  }
}
