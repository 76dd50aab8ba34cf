import { useState } from 'preact/hooks';
import type { Pool } from '../../client/batch.ts';
import { refresh } from '../../client/live.ts';
import { ask, pathOf } from '../../client/request.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Fault } from '../../parts/Card.tsx';
import { say, sayError } from '../../parts/toasts.tsx';
import { to } from '../../routes/route.ts';
import { FIRST_FORMULA, FormulaText } from '../formula/FormulaText.tsx';
import { storeFormula } from '../formula/store.tsx';
import { useFormula } from '../formula/useFormula.ts';
import { Evaluation, EvaluationCard } from './Evaluation.tsx';

/** A formula, and what it would give now, beside what it gave. */
export function FormulaEditor({ pool }: { readonly pool: Pool }) {
  const { id, enableAutoScale = false, autoScaleFormula = '', autoScaleRun } = pool;
  const [text, setText] = useState(autoScaleFormula === '' ? FIRST_FORMULA : autoScaleFormula);
  const { checked, error } = useFormula(text, mayWrite() ? { pool: id } : null);
  const run = checked?.found.evaluation;
  const changed = text !== autoScaleFormula;
  return (
    <div class="cols">
      <Card
        title="Formula"
        aside={
          <>
            {enableAutoScale ? <a class="link" href={to(['playground'], { pool: id })}>Playground</a> : null}
            {!mayWrite() ? null : (
              <>
                {enableAutoScale ? <button type="button" class="btn s" onClick={() => ask(`/linarite${pathOf('pools', id)}/evaluate`, { method: 'POST', body: { apply: true } }).then(() => { say('ok', 'The formula has run'); refresh(); }, sayError)}>Evaluate now</button> : null}
                <button type="button" class="btn s pri" disabled={!changed && enableAutoScale} onClick={() => storeFormula(pool, text, run?.results)}>{enableAutoScale ? 'Save…' : 'Enable…'}</button>
              </>
            )}
          </>
        }
      >
        <FormulaText text={text} setText={mayWrite() ? setText : undefined} rows={14} checked={checked} />
        {enableAutoScale ? null : <p class="soft small">The pool has a fixed size now, so that nothing is sampled of it yet: what the formula gives may differ once it scales.</p>}
      </Card>
      <div class="stack">
        {changed && run !== undefined ? (
          <Card title="What it would give now">{error === undefined ? <Evaluation run={run} stored={autoScaleRun} /> : <Fault error={error} />}</Card>
        ) : error === undefined ? null : <Card title="What it would give now"><Fault error={error} /></Card>}
        <EvaluationCard run={autoScaleRun} />
      </div>
    </div>
  );
}
