import type { BulkAction, BulkOperation, BulkReason } from '../../../wire/own/bulk.ts';
import { own } from '../../client/own.ts';
import { showDialog, type DialogSpec } from '../../parts/Dialog.tsx';
import { sayError } from '../../parts/toasts.tsx';
import { count, counted } from '../../text/format.ts';

/** Tasks by their ids, or all under a filter as of a time. */
export type Selection = { readonly ids: readonly string[] } | { readonly filter: string; readonly q?: string; readonly asOf?: string };

const WORDS: Readonly<Record<BulkAction, { readonly verb: string; readonly done: string; readonly danger: boolean; readonly effect: string }>> = {
  rerun: { verb: 'Rerun', done: 'are run again', danger: false, effect: 'They go back to the queue, under the same ids; what they have put out is replaced.' },
  terminate: { verb: 'Terminate', done: 'are ended', danger: true, effect: 'Those that run are ended, those that wait will not run.' },
  change: { verb: 'Change', done: 'are changed', danger: false, effect: 'Their limits hold from now on.' },
  delete: { verb: 'Delete', done: 'are deleted', danger: true, effect: 'They and their files on nodes are gone for good.' },
};

/** From so many on, the job's id is asked for before they are deleted. */
const TYPED_FROM = 100;

/** Asks the service what would be done, shows it, and does it. */
export function confirmBulk(job: string, action: Exclude<BulkAction, 'change'>, selection: Selection): void {
  const ask = (dryRun: boolean): Promise<BulkOperation> => own.bulk(job, { action, ...selection, ...(dryRun ? { dryRun: true } : {}) });
  ask(true).then((plan) => showDialog(planOf(job, action, plan, () => ask(false))), sayError);
}

const REASONS: Readonly<Record<BulkReason, string>> = {
  gone: 'not there any more',
  changedSince: 'changed since you looked',
  waiting: 'waiting, and will run anyway',
  running: 'running now',
  succeeded: 'succeeded',
  completed: 'completed already',
};
const PATIENCE_MS = 500;

/** Until it has ended; leaving the page does not stop it. */
async function ended(answer: BulkOperation): Promise<BulkOperation> {
  let latest = answer;
  while (latest.state === 'running' && latest.operation !== null) {
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    latest = await own.operation(latest.operation);
  }
  if (latest.failure !== undefined) throw new Error(`${latest.failure.code}: ${latest.failure.message}`);
  return latest;
}

/** What would be done by `plan`, to be confirmed: `act` does it. */
export function planOf(job: string, action: BulkAction, plan: BulkOperation, act: () => Promise<BulkOperation>): DialogSpec {
  const { verb, done, danger, effect } = WORDS[action];
  return {
    title: `${verb} ${counted(plan.changed, 'task')}?`,
    verb: `${verb} ${count(plan.changed)}`,
    danger,
    ...(action === 'delete' && plan.changed > TYPED_FROM ? { typed: job } : {}),
    body: (
      <>
        <p>{effect}</p>
        {plan.skipped.length === 0 ? null : (
          <ul class="list">
            {plan.skipped.map(({ reason, count: number }) => (
              <li key={reason}>
                <span class="grow">Left out: {REASONS[reason]}</span> <b>{count(number)}</b>
              </li>
            ))}
          </ul>
        )}
      </>
    ),
    act: async () => {
      const { changed, skipped } = await ended(await act());
      const left = skipped.reduce((sum, { count: number }) => sum + number, 0);
      return `${counted(changed, 'task')} ${done}${left === 0 ? '' : `; ${count(left)} left out`}`;
    },
  };
}
