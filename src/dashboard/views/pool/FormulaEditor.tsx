import { useEffect, useState } from 'preact/hooks';
import type { AutoScaleRun, Pool } from '../../client/batch.ts';
import { ServiceError } from '../../client/failure.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Fault } from '../../parts/Card.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { say, sayError } from '../../parts/toasts.tsx';
import { refresh } from '../../client/live.ts';
import { Evaluation, EvaluationCard } from './Evaluation.tsx';

const TYPING_MS = 300;
export const FIRST_FORMULA = `// One node for each four tasks that wait or run, ten at most
tasks = $PendingTasks.GetSample(1);
$TargetDedicatedNodes = min(10, (tasks + 3) / 4);
$NodeDeallocationOption = taskcompletion;`;

/** A formula, and what it would give now, beside what it gave. */
export function FormulaEditor({ pool }: { readonly pool: Pool }) {
  const { id, enableAutoScale = false, autoScaleFormula = '', autoScaleRun, autoScaleEvaluationInterval } = pool;
  const [text, setText] = useState(autoScaleFormula === '' ? FIRST_FORMULA : autoScaleFormula);
  const [run, setRun] = useState<AutoScaleRun>();
  const [error, setError] = useState<ServiceError>();
  const changed = text !== autoScaleFormula;

  useEffect(() => {
    if (!enableAutoScale || !mayWrite()) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      ask<AutoScaleRun>(`/linarite${pathOf('pools', id)}/evaluate`, { method: 'POST', body: { formula: text }, signal: controller.signal }).then(
        (answer) => {
          setRun(answer);
          setError(undefined);
        },
        (failure: unknown) => {
          if (failure instanceof ServiceError) setError(failure);
        },
      );
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, enableAutoScale]);

  function save(): void {
    showDialog({
      title: `${enableAutoScale ? 'Change the formula of' : 'Scale by a formula'} ${id}?`,
      verb: enableAutoScale ? 'Change' : 'Enable',
      body: <p>The formula runs at once, and then {autoScaleEvaluationInterval === undefined ? 'each 15 minutes' : `each ${autoScaleEvaluationInterval}`}. {run?.results === undefined ? '' : `Now it gives ${run.results}.`}</p>,
      act: async () => {
        await act(`${pathOf('pools', id)}/enableautoscale`, { body: { autoScaleFormula: text } });
        return 'The formula is stored and runs';
      },
    });
  }

  return (
    <div class="cols">
      <Card
        title="Formula"
        aside={
          !mayWrite() ? null : (
            <>
              {enableAutoScale ? <button type="button" class="btn s" onClick={() => ask(`/linarite${pathOf('pools', id)}/evaluate`, { method: 'POST', body: { apply: true } }).then(() => { say('ok', 'The formula has run'); refresh(); }, sayError)}>Evaluate now</button> : null}
              <button type="button" class="btn s pri" disabled={!changed && enableAutoScale} onClick={save}>{enableAutoScale ? 'Save…' : 'Enable…'}</button>
            </>
          )
        }
      >
        <label class="field">
          <span class="unseen">Formula</span>
          <textarea class="formula" rows={14} spellcheck={false} value={text} readOnly={!mayWrite()} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        {enableAutoScale ? null : <p class="soft small">The pool has a fixed size now. The formula is tried out as you type once it scales by one; the playground tries it before.</p>}
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
