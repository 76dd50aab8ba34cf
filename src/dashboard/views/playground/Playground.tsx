import { useEffect, useState } from 'preact/hooks';
import { listPools, type AutoScaleRun } from '../../client/batch.ts';
import { ServiceError } from '../../client/failure.ts';
import { change, route } from '../../client/place.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Fault } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { Evaluation } from '../pool/Evaluation.tsx';
import { FIRST_FORMULA } from '../pool/FormulaEditor.tsx';

const TYPING_MS = 300;

/** A formula on what a pool has measured, changing nothing. */
export function Playground() {
  const { pool = '' } = route.value.query;
  const pools = useResource('pools', listPools, { beats: 10 });
  const [text, setText] = useState(FIRST_FORMULA);
  const [run, setRun] = useState<AutoScaleRun>();
  const [error, setError] = useState<ServiceError>();
  const scaled = (pools.data?.value ?? []).filter(({ enableAutoScale }) => enableAutoScale === true);
  const chosen = pool === '' ? scaled[0]?.id : pool;

  useEffect(() => {
    if (chosen === undefined) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const path = `/linarite${pathOf('pools', chosen)}/evaluate`;
      ask<AutoScaleRun>(path, { method: 'POST', body: { formula: text }, signal: controller.signal }).then(
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
  }, [text, chosen]);

  return (
    <>
      <Head crumbs={[{ word: 'Pools', href: '#/pools' }]} title="Playground" sub="a formula on what a pool has measured; nothing changes" />
      <div class="cols">
        <Card title="Formula" aside={scaled.length === 0 ? null : <label class="small">on <select class="input filter" value={chosen} onChange={(event) => change({ pool: event.currentTarget.value })}>{scaled.map(({ id }) => <option key={id} value={id}>{id}</option>)}</select></label>}>
          <label class="field"><span class="unseen">Formula</span><textarea class="formula" rows={18} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
        </Card>
        <Card title="What it gives">
          {chosen === undefined ? <Empty command="linarite autoscale eval FILE">No pool scales by a formula. Without one, formulas are tried on samples of a file:</Empty> : error !== undefined ? <Fault error={error} /> : run === undefined ? <Empty>…</Empty> : <Evaluation run={run} />}
        </Card>
      </div>
    </>
  );
}
