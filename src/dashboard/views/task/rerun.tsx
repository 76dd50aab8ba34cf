import type { Task } from '../../client/batch.ts';
import { own } from '../../client/own.ts';
import { showDialog } from '../../parts/Dialog.tsx';

/** Runs a task again with other limits: the old ones stand beside the new. */
export function rerunWithChanges(job: string, { id, constraints, requiredSlots = 1 }: Task): void {
  showDialog({
    title: `Rerun ${id} with changes`,
    verb: 'Rerun 1',
    body: (
      <>
        <label class="field"><span>Retries (now {constraints?.maxTaskRetryCount ?? 0})</span><input name="maxTaskRetryCount" type="number" min="-1" value={constraints?.maxTaskRetryCount ?? 0} /></label>
        <label class="field"><span>Longest run, as ISO 8601 (now {constraints?.maxWallClockTime ?? 'without limit'})</span><input name="maxWallClockTime" class="mono" value={constraints?.maxWallClockTime ?? ''} placeholder="PT1H30M" /></label>
        <label class="field"><span>Slots (now {requiredSlots})</span><input name="requiredSlots" type="number" min="1" value={requiredSlots} /></label>
      </>
    ),
    act: async (form) => {
      const wall = String(form.get('maxWallClockTime') ?? '').trim();
      const slots = Number(form.get('requiredSlots'));
      const change = { constraints: { maxTaskRetryCount: Number(form.get('maxTaskRetryCount')), ...(wall === '' ? {} : { maxWallClockTime: wall }) }, ...(slots === requiredSlots ? {} : { requiredSlots: slots }) };
      await own.bulk(job, { action: 'rerun', ids: [id], change });
      return `${id} is run again`;
    },
  });
}
