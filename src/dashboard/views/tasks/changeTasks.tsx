import { own } from '../../client/own.ts';
import { showDialog } from '../../parts/Dialog.tsx';
import { counted } from '../../text/format.ts';
import { planOf, type Selection } from './bulk.tsx';

interface Field {
  readonly name: string;
  readonly word: string;
  readonly placeholder: string;
}

const FIELDS: readonly Field[] = [
  { name: 'maxTaskRetryCount', word: 'Retries, -1 for as many as it takes', placeholder: '3' },
  { name: 'maxWallClockTime', word: 'Longest run, as ISO 8601', placeholder: 'PT1H30M' },
  { name: 'retentionTime', word: 'Files are kept for, as ISO 8601', placeholder: 'P7D' },
  { name: 'requiredSlots', word: 'Slots, of tasks that wait', placeholder: '1' },
];

/** Other limits for tasks that have not ended; what is left empty stays. `tasks`: how many are meant. */
export function changeTasks(job: string, selection: Selection, tasks: number): void {
  showDialog({
    title: `Change the limits of ${counted(tasks, 'task')}`,
    verb: 'Go on…',
    body: (
      <>
        <p>What is left empty stays as it is. Tasks that have ended are left out; with another number of slots a task comes anew under its id.</p>
        {FIELDS.map(({ name, word, placeholder }) => <label key={name} class="field"><span>{word}</span><input name={name} class="mono" placeholder={placeholder} autocomplete="off" /></label>)}
      </>
    ),
    act: async (form) => {
      const change = changeOf(form);
      return planOf(job, 'change', await own.bulk(job, { action: 'change', ...selection, change, dryRun: true }), () => own.bulk(job, { action: 'change', ...selection, change }));
    },
  });
}

/** @throws Error where nothing is filled in. */
function changeOf(form: FormData): object {
  const given = Object.fromEntries(FIELDS.flatMap(({ name }) => {
    const text = String(form.get(name) ?? '').trim();
    return text === '' ? [] : [[name, /^-?\d+$/.test(text) ? Number(text) : text]];
  }));
  const { requiredSlots, ...constraints } = given;
  const change = { ...(Object.keys(constraints).length === 0 ? {} : { constraints }), ...(requiredSlots === undefined ? {} : { requiredSlots }) };
  if (Object.keys(change).length === 0) throw new Error('Nothing is filled in.');
  return change;
}
