import { own, type BulkAnswer } from '../../client/own.ts';
import { showDialog } from '../../parts/Dialog.tsx';
import { sayError } from '../../parts/toasts.tsx';
import { shown } from '../../text/clean.ts';
import { count, counted } from '../../text/format.ts';

export type BulkAction = 'rerun' | 'terminate' | 'delete';

/** Tasks by their ids, or all under a filter as of a time. */
export type Selection = { readonly ids: readonly string[] } | { readonly filter: string; readonly asOf: string };

const WORDS: Readonly<Record<BulkAction, { readonly verb: string; readonly done: string; readonly danger: boolean; readonly effect: string }>> = {
  rerun: { verb: 'Rerun', done: 'are run again', danger: false, effect: 'They go back to the queue, under the same ids; what they have put out is replaced.' },
  terminate: { verb: 'Terminate', done: 'are ended', danger: true, effect: 'Those that run are ended, those that wait will not run.' },
  delete: { verb: 'Delete', done: 'are deleted', danger: true, effect: 'They and their files on nodes are gone for good.' },
};

/** From so many on, the job's id is asked for before they are deleted. */
const TYPED_FROM = 100;

/** Asks the service what would be done, shows it, and does it. */
export function confirmBulk(job: string, action: BulkAction, selection: Selection): void {
  const ask = (dryRun: boolean): Promise<BulkAnswer> => own.bulk(job, { action, ...selection, ...(dryRun ? { dryRun: true } : {}) });
  ask(true).then((plan) => show(job, action, plan, () => ask(false)), sayError);
}

function show(job: string, action: BulkAction, plan: BulkAnswer, act: () => Promise<BulkAnswer>): void {
  const { verb, done, danger, effect } = WORDS[action];
  showDialog({
    title: `${verb} ${counted(plan.matched, 'task')}?`,
    verb: `${verb} ${count(plan.matched)}`,
    danger,
    ...(action === 'delete' && plan.matched > TYPED_FROM ? { typed: job } : {}),
    body: (
      <>
        <p>{effect}</p>
        {plan.skipped.length === 0 ? null : (
          <ul class="list">
            {plan.skipped.map(({ reason, count: number }) => (
              <li key={reason}>
                <span class="grow">Left out: {shown(reason)}</span> <b>{count(number)}</b>
              </li>
            ))}
          </ul>
        )}
      </>
    ),
    act: async () => {
      const { matched, skipped } = await act();
      const left = skipped.reduce((sum, { count: number }) => sum + number, 0);
      return `${counted(matched, 'task')} ${done}${left === 0 ? '' : `; ${count(left)} left out`}`;
    },
  });
}
