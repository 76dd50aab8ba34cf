import { parentPort } from 'node:worker_threads';
import type { SimulationAsk, SimulationEnd } from '../../../ports.ts';
import { NoLoad, simulateAsked } from '../../../simulation/whatIf/asked.ts';
import { LoadFileError } from '../../../simulation/whatIf/loadFile.ts';

/** The program of a thread that `threads.ts` starts: one simulation. What it throws ends the thread with it. */
parentPort?.once('message', (ask: SimulationAsk) => {
  void simulated(ask).then((end) => parentPort?.postMessage(end));
});

async function simulated(ask: SimulationAsk): Promise<SimulationEnd> {
  try {
    const { starts: _starts, ...simulated } = await simulateAsked(ask);
    return { kind: 'simulated', simulated };
  } catch (error) {
    if (error instanceof LoadFileError || error instanceof NoLoad) return { kind: 'refused', reason: error.message };
    throw error;
  }
}
