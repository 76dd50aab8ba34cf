import type { NodeSeen, PoolSeen } from '../account/batchAccount.ts';
import { refusalText } from '../account/refusal.ts';

/** What a node that runs nothing is about, in the order in which it is told. Keys are states in lower case. */
const STATES: Readonly<Record<string, string>> = {
  creating: 'being created',
  starting: 'starting',
  waitingforstarttask: 'running the start task',
  starttaskfailed: 'whose start task failed',
  unusable: 'unusable',
  unknown: 'not answering',
  rebooting: 'rebooting',
  reimaging: 'being reimaged',
  offline: 'taking no tasks',
  preempted: 'preempted',
  leavingpool: 'leaving',
};

/** Why nothing runs on a pool: `nodes: 3 of 300, 2 starting, 1 running the start task; AccountCoreQuotaReached: …`. */
export function waitingFor(pool: PoolSeen, nodes: readonly NodeSeen[]): string {
  const target = (pool.targetDedicatedNodes ?? 0) + (pool.targetLowPriorityNodes ?? 0);
  const states = nodes.map(({ state }) => state?.toLowerCase() ?? '');
  const told = Object.entries(STATES).flatMap(([state, text]) => {
    const count = states.filter((one) => one === state).length;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  const errors = (pool.resizeErrors ?? []).map(({ code, message, values }) => refusalText(code, message, values));
  const free = states.filter((state) => state === 'idle' || state === 'running').length;
  const of = [`nodes: ${nodes.length} of ${Math.max(target, nodes.length)}`, ...(free > 0 ? [`${free} ready`] : []), ...told].join(', ');
  return [of, ...errors].join('; ');
}
