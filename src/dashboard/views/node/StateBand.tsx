import type { NodeHistory } from '../../../wire/own/node.ts';
import { nodeLook } from '../../charts/states.ts';
import { spansOf } from '../../charts/stateSpans.ts';
import { now } from '../../client/live.ts';
import { zone } from '../../client/settings.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Time } from '../../parts/text.tsx';
import type { Resource } from '../../client/resource.ts';
import { shown } from '../../text/clean.ts';
import { clockTime, duration } from '../../text/format.ts';

/** The states of a node in the last day, to scale. `present`: since when it is in which, where nothing is on record. */
export function StateBand({ history, present }: { readonly history: Resource<NodeHistory>; readonly present?: { readonly state: string; readonly time: string } }) {
  return (
    <Card title="States of the last day">
      <Loaded of={history}>{({ states }) => <Band states={states.length === 0 && present !== undefined ? [present] : states} />}</Loaded>
    </Card>
  );
}

function Band({ states }: { readonly states: NodeHistory['states'] | readonly { readonly state: string; readonly time: string }[] }) {
  const spans = spansOf(states, now.value);
  const last = states.at(-1);
  const [first] = spans;
  if (first === undefined || last === undefined) return <Empty>Nothing is on record.</Empty>;
  return (
    <>
      <ol class="strip" aria-label="States over time">
        {spans.map(({ state, from, to, reason }) => {
          const words = `${nodeLook(state).word} ${duration(to - from)}`;
          return (
            <li key={from} class={`hue-${nodeLook(state).hue}`} style={{ flexGrow: Math.max(1, to - from) }} title={`${words}, from ${clockTime(from, { zone: zone.value, now: now.value })}${reason === undefined ? '' : `: ${shown(reason)}`}`}>
              <span>{words}</span>
            </li>
          );
        })}
      </ol>
      <p class="soft small between"><Time at={first.from} />{last.state === 'gone' ? <span>left the pool <Time at={last.time} /></span> : <span>now</span>}</p>
    </>
  );
}
