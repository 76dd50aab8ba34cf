import { parentPort } from 'node:worker_threads';
import { killEnclosure } from '../../agent/killing.ts';
import { markedProcesses } from '../../agent/processes.ts';
import type { SweeperAnswer, SweeperRequest } from './sweeperThread.ts';

/** The program of the thread that `sweeperThread.ts` starts. */
parentPort?.on('message', ({ request, ask }: SweeperRequest) => {
  switch (ask.kind) {
    case 'kill':
      return void killEnclosure(ask.enclosure).then((isGone) => answer({ request, kind: 'killed', isGone }));
    case 'find':
      return answer({ request, kind: 'found', pids: markedProcesses(ask.marks) });
  }
});

function answer(what: SweeperAnswer): void {
  parentPort?.postMessage(what);
}
