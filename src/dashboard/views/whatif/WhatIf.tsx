import { useRef, useState } from 'preact/hooks';
import type { Simulation } from '../../../wire/own/simulation.ts';
import { listPools } from '../../client/batch.ts';
import { ServiceError } from '../../client/failure.ts';
import { own } from '../../client/own.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Fault } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { FIRST_FORMULA } from '../formula/FormulaText.tsx';
import { Outcome } from './Outcome.tsx';
import { ask, bodyOf, FIELDS, type Field } from './question.ts';

/**
 * What another size or formula would have made of a load: that of a job that has run, or one that is made up. The
 * question stands in the address; the same question has the same answer.
 */
export function WhatIf() {
  const question = ask(route.value.query);
  const pools = useResource('pools', listPools, { beats: 10 });
  const [formula, setFormula] = useState(FIRST_FORMULA);
  const [state, setState] = useState<{ readonly answer?: Simulation; readonly error?: ServiceError; readonly isBusy: boolean }>({ isBusy: false });
  const running = useRef<AbortController | null>(null);
  const known = pools.data?.value ?? [];
  const pool = question.pool === '' ? (known[0]?.id ?? '') : question.pool;
  const set = (name: string) => (event: { readonly currentTarget: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }) => change({ [name]: event.currentTarget.value });

  function run(event: SubmitEvent): void {
    event.preventDefault();
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setState({ isBusy: true });
    own.simulate(bodyOf({ ...question, pool }, question.formula === '' ? formula : question.formula), controller.signal).then(
      (answer) => setState({ answer, isBusy: false }),
      (error: unknown) => {
        if (!controller.signal.aborted) setState({ error: error instanceof ServiceError ? error : new ServiceError({ status: 0, code: 'Page', message: String(error) }), isBusy: false });
      },
    );
  }

  return (
    <>
      <Head crumbs={[{ word: 'Pools', href: '#/pools' }]} title="What if" sub="another size or formula, the same load; nothing changes" />
      <form class="cols" onSubmit={run}>
        <Card title="The load" aside={<Pick label="Load" name="load" value={question.load} of={[['made', 'made up'], ['job', 'of a job'], ['csv', 'a file']]} />}>
          <div class="stack">
            {question.load === 'job' ? <Text field={{ name: 'job', word: 'Id of a job that has run', usual: '' }} question={question} required /> : null}
            {question.load === 'csv' ? <label class="field"><span>CSV: <code>duration</code>, and <code>id</code>, <code>arrival</code>, <code>slots</code>, <code>priority</code>, <code>exit</code> where you like; numbers are seconds</span><textarea rows={6} spellcheck={false} value={question.csv} onInput={set('csv')} required /></label> : null}
            {question.load === 'made' ? <div class="two">{FIELDS.load.map((field) => <Text key={field.name} field={field} question={question} required />)}</div> : null}
            <div class="two">{FIELDS.model.map((field) => <Text key={field.name} field={field} question={question} />)}</div>
          </div>
        </Card>
        <Card title="The pools">
          <div class="stack">
            <label class="field"><span>A: as it is</span><select value={pool} onChange={set('pool')} required>{question.pool !== '' && !known.some(({ id }) => id === question.pool) ? <option value={question.pool}>{question.pool}</option> : null}{known.map(({ id }) => <option key={id} value={id}>{id}</option>)}</select></label>
            <div class="between"><span class="small strong">B: the same with</span><Pick label="What is tried" name="try" value={question.try} of={[['size', 'a size'], ['formula', 'a formula'], ['none', 'nothing']]} /></div>
            {question.try === 'size' ? <div class="two">{FIELDS.size.map((field) => <Text key={field.name} field={field} question={question} />)}</div> : null}
            {question.try === 'formula' ? <label class="field"><span class="unseen">Formula</span><textarea rows={7} spellcheck={false} value={question.formula === '' ? formula : question.formula} onInput={(event) => { setFormula(event.currentTarget.value); change({ formula: event.currentTarget.value }); }} /></label> : null}
            <button type="submit" class="btn pri" disabled={state.isBusy || pool === ''}>{state.isBusy ? 'Simulating…' : 'Simulate'}</button>
          </div>
        </Card>
      </form>
      <div aria-live="polite" aria-busy={state.isBusy}>
        {state.error === undefined ? null : <Card title="What came of it"><Fault error={state.error} /></Card>}
        {state.answer === undefined ? null : <Outcome of={state.answer} />}
        {known.length === 0 && pools.data !== undefined ? <Card title="What came of it"><Empty command="linarite simulate pool.json --tasks 3000 --duration 'lognormal(4min, 0.8)' --arrival daily">There is no pool to try. The command line takes definitions of pools, and larger loads:</Empty></Card> : null}
      </div>
    </>
  );
}

function Text({ field: { name, word, usual, isNumber = false }, question, required = false }: { readonly field: Field; readonly question: ReturnType<typeof ask>; readonly required?: boolean }) {
  return (
    <label class="field">
      <span>{word}</span>
      <input value={question.texts[name] ?? usual} inputMode={isNumber ? 'numeric' : 'text'} onInput={(event) => change({ [name]: event.currentTarget.value })} autocomplete="off" required={required} />
    </label>
  );
}

function Pick({ label, name, value, of }: { readonly label: string; readonly name: string; readonly value: string; readonly of: readonly (readonly [string, string])[] }) {
  return <span class="pick" role="group" aria-label={label}>{of.map(([id, word]) => <button key={id} type="button" aria-pressed={value === id} onClick={() => change({ [name]: id })}>{word}</button>)}</span>;
}
