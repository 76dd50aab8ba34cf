import type { Schedule } from '../../client/batch.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { showDialog } from '../../parts/Dialog.tsx';
import { sayError } from '../../parts/toasts.tsx';

const TIMES = [
  { name: 'recurrenceInterval', word: 'A job each (such as PT24H); empty: one job alone' },
  { name: 'startWindow', word: 'May begin so much later (PT1H); empty: at any time' },
  { name: 'doNotRunUntil', word: 'Not before (2026-12-01T02:00:00Z)' },
  { name: 'doNotRunAfter', word: 'Not after' },
] as const;

interface Whole extends Schedule {
  readonly eTag: string;
  readonly jobSpecification: object;
}

/** Asks for the schedule as it is now, and changes it if nobody else has meanwhile. */
export function changeSchedule({ id }: Schedule): void {
  const path = pathOf('jobschedules', id);
  ask<Whole>(path).then((whole) => show(path, whole), sayError);
}

function show(path: string, { id, eTag, schedule = {}, jobSpecification }: Whole): void {
  const specification = JSON.stringify(jobSpecification, undefined, 2);
  showDialog({
    title: `Change ${id}`,
    verb: 'Change',
    wide: true,
    body: (
      <>
        <div class="two">{TIMES.map(({ name, word }) => <label key={name} class="field"><span>{word}</span><input name={name} value={schedule[name] ?? ''} autocomplete="off" /></label>)}</div>
        <label class="field"><span>Jobs that it makes from now on, as the API takes them</span><textarea name="specification" rows={12} spellcheck={false} value={specification} required /></label>
        <p class="soft small">The job that is active stays as it is.</p>
      </>
    ),
    act: async (form) => {
      const times = Object.fromEntries(TIMES.map(({ name }) => [name, String(form.get(name) ?? '').trim()]).filter(([, value]) => value !== ''));
      const text = String(form.get('specification'));
      const body = { schedule: times, ...(text === specification ? {} : { jobSpecification: JSON.parse(text) as unknown }) };
      await act(path, { method: 'PATCH', body, headers: { 'if-match': eTag } });
      return `${id} is changed`;
    },
  });
}
