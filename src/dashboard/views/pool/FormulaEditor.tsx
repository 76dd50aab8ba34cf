import { useEffect, useState } from 'preact/hooks';
import type { FormulaChecked } from '../../../wire/own/formula.ts';
import type { Pool } from '../../client/batch.ts';
import { ServiceError } from '../../client/failure.ts';
import { own } from '../../client/own.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Fault } from '../../parts/Card.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { say, sayError } from '../../parts/toasts.tsx';
import { sentence } from '../../text/clean.ts';
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
  const [checked, setChecked] = useState<FormulaChecked>();
  const run = checked?.evaluation;
  const [error, setError] = useState<ServiceError>();
  const changed = text !== autoScaleFormula;

  useEffect(() => {
    if (!mayWrite()) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      own.checkFormula(text, id, controller.signal).then(
        (answer) => {
          setChecked(answer);
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
  }, [text]);

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
        <Findings of={checked} />
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

/** What is wrong with it, or may not be meant. */
function Findings({ of }: { readonly of: FormulaChecked | undefined }) {
  if (of === undefined || of.problems.length + of.warnings.length === 0) return null;
  return (
    <ul class="attn" aria-label="What the formula is told">
      {of.problems.map(({ line, column, message }) => <li key={`${line}.${column} ${message}`} class="hue-bad"><Icon name="cross" /><p><b>Line {line}, column {column}.</b> {sentence(message)}</p></li>)}
      {of.warnings.map(({ line, column, message, reason }) => <li key={`${line}.${column} ${message}`} class="hue-come"><Icon name="warn" /><p><b>Line {line}, column {column}.</b> {sentence(message)} {sentence(reason)}</p></li>)}
    </ul>
  );
}
