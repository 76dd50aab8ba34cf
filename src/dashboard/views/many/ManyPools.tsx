import type { Pool } from '../../client/batch.ts';
import { act, pathOf } from '../../client/request.ts';
import { count } from '../../text/format.ts';
import { FIRST_FORMULA } from '../formula/FormulaText.tsx';
import { LeavingTasks } from '../pool/resize.tsx';
import { confirmMany, type Many } from './each.tsx';

type Action = Pick<Many, 'verb' | 'done' | 'danger' | 'typed' | 'body' | 'each'> & {
  readonly word: string;
  readonly applies: (pool: Pool) => boolean;
  readonly why: string;
};

function isScaled({ enableAutoScale = false }: Pool): boolean {
  return enableAutoScale;
}

const ACTIONS: readonly Action[] = [
  {
    word: 'Resize', verb: 'Resize', done: 'are resized', applies: (pool) => !isScaled(pool), why: 'a formula scales them',
    body: (
      <>
        <div class="two">
          <label class="field"><span>Dedicated nodes of each</span><input name="dedicated" type="number" min="0" value={0} required /></label>
          <label class="field"><span>Low-priority nodes of each</span><input name="low" type="number" min="0" value={0} required /></label>
        </div>
        <LeavingTasks />
      </>
    ),
    each: (id, form) => act(`${pathOf('pools', id)}/resize`, { body: { targetDedicatedNodes: Number(form.get('dedicated')), targetLowPriorityNodes: Number(form.get('low')), nodeDeallocationOption: form.get('option') } }),
  },
  {
    word: 'Scale by a formula', verb: 'Scale', done: 'scale by the formula', applies: () => true, why: '',
    body: <label class="field"><span>Formula of each; one that a pool has is replaced</span><textarea name="formula" rows={8} spellcheck={false} value={FIRST_FORMULA} required /></label>,
    each: (id, form) => act(`${pathOf('pools', id)}/enableautoscale`, { body: { autoScaleFormula: form.get('formula') } }),
  },
  { word: 'Disable formula', verb: 'Disable the formula of', done: 'keep the size that they have', applies: isScaled, why: 'no formula scales them', body: <p>They keep the nodes that they have.</p>, each: (id) => act(`${pathOf('pools', id)}/disableautoscale`, {}) },
  { word: 'Delete', verb: 'Delete', done: 'are being deleted', danger: true, typed: true, applies: () => true, why: '', body: <p>Their nodes leave, and tasks that run on them go back to the queues of their jobs.</p>, each: (id) => act(pathOf('pools', id), { method: 'DELETE' }) },
];

/** What can be done with the pools that are chosen. */
export function ManyPools({ pools }: { readonly pools: readonly Pool[] }) {
  if (pools.length === 0) return null;

  function confirm({ word: _word, applies, why, ...action }: Action): void {
    const idsOf = (rows: readonly Pool[]): readonly string[] => rows.map(({ id }) => id);
    confirmMany({ ...action, noun: 'pool', ids: idsOf(pools.filter(applies)), left: [{ why, ids: idsOf(pools.filter((pool) => !applies(pool))) }] });
  }

  return (
    <div class="chips" role="group" aria-label="With the selected pools">
      <span class="small">{count(pools.length)} selected</span>
      {ACTIONS.map((action) => <button key={action.word} type="button" class="btn s" disabled={!pools.some(action.applies)} onClick={() => confirm(action)}>{action.word}…</button>)}
    </div>
  );
}
