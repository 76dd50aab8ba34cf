import { useEffect, useState } from 'preact/hooks';
import { listPools, type Pool } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { pathOf, send } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Fault } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { sayError } from '../../parts/toasts.tsx';
import { FIRST_FORMULA, FormulaText } from '../formula/FormulaText.tsx';
import { storeFormula } from '../formula/store.tsx';
import { useFormula } from '../formula/useFormula.ts';
import { Evaluation } from '../pool/Evaluation.tsx';
import { download, save } from '../task/download.ts';
import { OverTime } from './OverTime.tsx';
import { SampleFile } from './SampleFile.tsx';

const FIRST_SAMPLES = `time,$ActiveTasks,$RunningTasks
2026-11-30T12:00:00Z,3,8
2026-11-30T12:00:30Z,9,8
2026-11-30T12:01:00Z,20,8
`;
/** Of a chart. */
const MOMENTS = 60;
/** In the address: samples of a file, not of a pool. */
const FILE = 'file';

/** A formula on what a pool has measured, or on a file of samples; nothing changes. */
export function Playground() {
  const { pool = '', samples: source = '', formula: formulaText, csv: csvText } = route.value.query;
  const pools = useResource('pools', listPools, { beats: 10 });
  const [text, keepText] = useState(formulaText ?? FIRST_FORMULA);
  const [csv, keepCsv] = useState(csvText ?? FIRST_SAMPLES);
  /** What is typed stands in the address, where it fits in one. */
  const setText = (formula: string): void => {
    keepText(formula);
    change({ formula: fitting(formula) });
  };
  const setCsv = (samples: string): void => {
    keepCsv(samples);
    change({ csv: fitting(samples) });
  };
  const scaled = (pools.data?.value ?? []).filter(({ enableAutoScale }) => enableAutoScale === true);
  const chosen = source === FILE ? undefined : pool === '' ? scaled[0] : scaled.find(({ id }) => id === pool);
  const isFile = source === FILE || (pools.data !== undefined && chosen === undefined);
  const { checked, error } = useFormula(text, isFile ? { csv } : chosen === undefined ? null : { pool: chosen.id }, MOMENTS);
  const run = checked?.found.evaluation;
  useStored(formulaText === undefined ? pool : '', keepText);

  function edit({ id }: Pool): void {
    send(samplesOf(id), { headers: { accept: 'text/csv' } }).then(async (response) => {
      setCsv(await response.text());
      change({ samples: FILE });
    }, sayError);
  }

  return (
    <>
      <Head crumbs={[{ word: 'Pools', href: '#/pools' }]} title="Playground" sub="a formula on what was measured; nothing changes" />
      <div class="cols">
        <div class="stack">
          <Card title="Formula" aside={chosen === undefined || !mayWrite() ? null : <button type="button" class="btn s" disabled={(checked?.found.problems.length ?? 1) > 0} onClick={() => storeFormula(chosen, text, run?.results)}>Use in {chosen.id}…</button>}>
            <FormulaText text={text} setText={setText} rows={12} checked={checked} />
          </Card>
          <Card
            title="Samples"
            aside={
              <>
                <label class="small">of <select class="input filter" aria-label="Samples of" value={isFile ? '' : chosen?.id} onChange={(event) => change(event.currentTarget.value === '' ? { samples: FILE } : { samples: undefined, formula: undefined, pool: event.currentTarget.value })}>
                  {scaled.map(({ id }) => <option key={id} value={id}>{id}</option>)}
                  <option value="">a file</option>
                </select></label>
                {chosen === undefined || isFile ? null : <button type="button" class="btn s" onClick={() => edit(chosen)}>Edit</button>}
                <button type="button" class="btn s" onClick={() => (chosen === undefined || isFile ? save(new Blob([csv]), 'samples.csv') : download(samplesOf(chosen.id), `${chosen.id}-samples.csv`))}>Save as CSV</button>
              </>
            }
          >
            {isFile ? <SampleFile csv={csv} setCsv={setCsv} /> : <p class="soft">What {chosen === undefined ? 'a pool' : <bdi>{chosen.id}</bdi>} has measured within a day, on its nodes as they are now.</p>}
          </Card>
        </div>
        <div class="stack">
          <Card title="What it gives">
            {error !== undefined ? <Fault error={error} /> : run === undefined ? <Empty>Nothing yet.</Empty> : <Evaluation run={run} />}
          </Card>
          <OverTime moments={checked?.found.over ?? []} />
        </div>
      </div>
    </>
  );
}

/** Longer addresses are cut where they are pasted. */
const MOST_IN_ADDRESS = 4_000;

function fitting(text: string): string {
  return text.length > MOST_IN_ADDRESS ? '' : text;
}

function samplesOf(pool: string): string {
  return `/linarite${pathOf('pools', pool)}/samples`;
}

/** Begins with the formula of the pool that the address names, once. */
function useStored(pool: string, setText: (text: string) => void): void {
  const { data } = useResource(pool === '' ? null : `formula of ${pool}`, async (signal) => (await (await send(pathOf('pools', pool), { query: { $select: 'id,autoScaleFormula' }, signal })).json()) as Pool, { beats: 0 });
  useEffect(() => {
    if (data?.autoScaleFormula !== undefined) setText(data.autoScaleFormula);
  }, [data]);
}
