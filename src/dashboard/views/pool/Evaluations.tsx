import type { CloudEvent } from '../../client/events.ts';
import { ask } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Time } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { variablesOf } from './variables.ts';

const BEATS = 5;
const BEFORE_MS = 24 * 3_600_000;
const SHOWN = 50;
const TARGETS = ['$TargetDedicatedNodes', '$TargetLowPriorityNodes'];

/** Runs of a pool's formula in the last day, from the events of the pool. */
export function Evaluations({ pool }: { readonly pool: string }) {
  const runs = useResource(`${pool} evaluations`, (signal) => ask<{ readonly value: readonly CloudEvent[] }>('/linarite/events', { query: { kind: 'pool.evaluated', pool, from: new Date(Date.now() - BEFORE_MS).toISOString(), limit: 1_000 }, signal }), { beats: BEATS });
  return (
    <Card title="Evaluations of the last day" flush>
      <Loaded of={runs}>
        {({ value }) =>
          value.length === 0 ? (
            <div class="card-pad"><Empty>The formula has not run in the last day.</Empty></div>
          ) : (
            <div class="scroll-x">
              <table class="rows">
                <thead><tr><th scope="col">Time</th>{TARGETS.map((name) => <th key={name} scope="col" class="n">{name}</th>)}<th scope="col">Variables</th></tr></thead>
                <tbody>{value.toReversed().slice(0, SHOWN).map((event) => <Run key={event.id} event={event} />)}</tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Card>
  );
}

function Run({ event: { time, data } }: { readonly event: CloudEvent }) {
  const variables = variablesOf(String(data?.['results'] ?? ''));
  const errors = data?.['errors'];
  return (
    <tr data-row tabIndex={-1}>
      <td><Time at={time} /></td>
      {TARGETS.map((name) => <td key={name} class="n strong">{shown(variables.find((one) => one.name === name)?.value ?? '–')}</td>)}
      <td class="mono">
        {Array.isArray(errors) && errors.length > 0 ? <span class="bad-t">{shown(JSON.stringify(errors))}</span> : shown(variables.filter(({ name }) => !TARGETS.includes(name)).map(({ name, value }) => `${name}=${value}`).join('; '))}
      </td>
    </tr>
  );
}
