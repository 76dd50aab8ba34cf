import type { Pool } from '../../client/batch.ts';
import { act, pathOf } from '../../client/request.ts';
import { showDialog } from '../../parts/Dialog.tsx';

const OPTIONS = [
  { id: 'requeue', word: 'run again elsewhere, at once' },
  { id: 'taskcompletion', word: 'end first' },
  { id: 'terminate', word: 'are ended for good' },
  { id: 'retaineddata', word: 'end first, and their files are kept until they may go' },
];

/** The field `option` of a form: what becomes of them. */
export function LeavingTasks() {
  return (
    <label class="field">
      <span>Tasks on nodes that leave</span>
      <select name="option">{OPTIONS.map(({ id, word }) => <option key={id} value={id}>{word}</option>)}</select>
    </label>
  );
}

/** Both targets, and what becomes of tasks on nodes that leave. */
export function resize({ id, targetDedicatedNodes = 0, targetLowPriorityNodes = 0, enableAutoScale = false }: Pool): void {
  const path = pathOf('pools', id);
  showDialog({
    title: `Resize ${id}`,
    verb: enableAutoScale ? 'Disable the formula and resize' : 'Resize',
    body: (
      <>
        {enableAutoScale ? <p class="come-t">A formula scales this pool; to be resized by hand it has to let go.</p> : null}
        <div class="two">
          <label class="field"><span>Dedicated nodes</span><input name="dedicated" type="number" min="0" value={targetDedicatedNodes} required /></label>
          <label class="field"><span>Low-priority nodes</span><input name="low" type="number" min="0" value={targetLowPriorityNodes} required /></label>
        </div>
        <LeavingTasks />
      </>
    ),
    act: async (form) => {
      if (enableAutoScale) await act(`${path}/disableautoscale`, {});
      await act(`${path}/resize`, { body: { targetDedicatedNodes: Number(form.get('dedicated')), targetLowPriorityNodes: Number(form.get('low')), nodeDeallocationOption: form.get('option') } });
      return `${id} is resized to ${String(form.get('dedicated'))} dedicated and ${String(form.get('low'))} low-priority nodes`;
    },
  });
}
