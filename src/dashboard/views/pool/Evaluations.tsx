import type { PoolEvaluation } from '../../../wire/own/series.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Time } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { variablesOf } from './variables.ts';

const BEATS = 5;
const TARGETS = ['$TargetDedicatedNodes', '$TargetLowPriorityNodes'];

/** The last runs of a pool's formula. */
export function Evaluations({ pool }: { readonly pool: string }) {
  const runs = useResource(`${pool} evaluations`, (signal) => own.evaluations(pool, signal), { beats: BEATS });
  return (
    <Card title="Evaluations of the last day" flush>
      <Loaded of={runs}>
        {({ evaluations }) =>
          evaluations.length === 0 ? (
            <div class="card-pad"><Empty>The formula has not run in the last day.</Empty></div>
          ) : (
            <div class="scroll-x">
              <table class="rows">
                <thead><tr><th scope="col">Time</th>{TARGETS.map((name) => <th key={name} scope="col" class="n">{name}</th>)}<th scope="col">Variables</th></tr></thead>
                <tbody>{evaluations.map((run) => <Run key={run.time} run={run} />)}</tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Card>
  );
}

function Run({ run: { time, results, errors } }: { readonly run: PoolEvaluation }) {
  const variables = variablesOf(results);
  return (
    <tr data-row tabIndex={-1}>
      <td><Time at={time} /></td>
      {TARGETS.map((name) => <td key={name} class="n strong">{shown(variables.find((one) => one.name === name)?.value ?? '–')}</td>)}
      <td class="mono">
        {errors.length > 0 ? <span class="bad-t">{errors.map(({ code, message }) => shown(`${code}: ${message}`)).join(' ')}</span> : shown(variables.filter(({ name }) => !TARGETS.includes(name)).map(({ name, value }) => `${name}=${value}`).join('; '))}
      </td>
    </tr>
  );
}
