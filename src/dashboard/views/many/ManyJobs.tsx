import type { Job } from '../../client/batch.ts';
import { act, pathOf } from '../../client/request.ts';
import { count } from '../../text/format.ts';
import { confirmMany, type Many } from './each.tsx';

type Action = Pick<Many, 'verb' | 'done' | 'danger' | 'typed' | 'body' | 'each'> & {
  readonly applies: (job: Job) => boolean;
  readonly why: string;
};

const DISABLING = [
  { id: 'wait', word: 'go on to their end' },
  { id: 'requeue', word: 'run again once the job is enabled' },
  { id: 'terminate', word: 'are ended for good' },
];

function isIn(...states: readonly string[]): (job: Job) => boolean {
  return ({ state }) => states.includes(state);
}

const ACTIONS: readonly Action[] = [
  {
    verb: 'Disable', done: 'are disabled', applies: isIn('active'), why: 'not active',
    body: <label class="field"><span>Tasks that run</span><select name="tasks">{DISABLING.map(({ id, word }) => <option key={id} value={id}>{word}</option>)}</select></label>,
    each: (id, form) => act(`${pathOf('jobs', id)}/disable`, { body: { disableTasks: form.get('tasks') } }),
  },
  { verb: 'Enable', done: 'are enabled', applies: isIn('disabled', 'disabling'), why: 'not disabled', body: <p>Their tasks run again.</p>, each: (id) => act(`${pathOf('jobs', id)}/enable`, {}) },
  {
    verb: 'Terminate', done: 'are ended', danger: true, applies: isIn('active', 'disabled', 'disabling', 'enabling'), why: 'over already',
    body: <p>Their tasks that run are ended, those that wait will not run. A job that has ended does not begin again.</p>,
    each: (id) => act(`${pathOf('jobs', id)}/terminate`, { body: { terminateReason: 'ended on the page' } }),
  },
  { verb: 'Delete', done: 'are being deleted', danger: true, typed: true, applies: () => true, why: '', body: <p>The jobs, their tasks and their files on nodes are gone for good.</p>, each: (id) => act(pathOf('jobs', id), { method: 'DELETE' }) },
];

/** What can be done with the jobs that are chosen. */
export function ManyJobs({ jobs }: { readonly jobs: readonly Job[] }) {
  if (jobs.length === 0) return null;

  function confirm({ applies, why, ...action }: Action): void {
    const idsOf = (rows: readonly Job[]): readonly string[] => rows.map(({ id }) => id);
    confirmMany({ ...action, noun: 'job', ids: idsOf(jobs.filter(applies)), left: [{ why: `they are ${why}`, ids: idsOf(jobs.filter((job) => !applies(job))) }] });
  }

  return (
    <div class="chips" role="group" aria-label="With the selected jobs">
      <span class="small">{count(jobs.length)} selected</span>
      {ACTIONS.map((action) => <button key={action.verb} type="button" class="btn s" disabled={!jobs.some(action.applies)} onClick={() => confirm(action)}>{action.verb}…</button>)}
    </div>
  );
}
