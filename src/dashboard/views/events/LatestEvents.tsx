import { events, eventsBegun, eventsError } from '../../client/events.ts';
import { Card, Empty, Fault } from '../../parts/Card.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { to } from '../../routes/route.ts';
import { aboutOf, isOf } from './about.ts';

const SHOWN = 8;

/** What happened last, of all or of one object. */
export function LatestEvents({ query = {} }: { readonly query?: Readonly<Record<string, string>> }) {
  const rows = events.value.filter((event) => isOf(event, query)).slice(0, SHOWN);
  const error = eventsError.value;
  return (
    <Card title="Latest events" aside={<a class="link" href={to(['events'], query)}>All</a>}>
      {error === null ? null : <Fault error={error} />}
      {rows.length === 0 && error === null ? <Empty>{eventsBegun.value ? 'Nothing has happened in the last quarter of an hour, but with tasks that went well.' : 'Listening…'}</Empty> : null}
      <ul class="list">
        {rows.map((event) => {
          const { kind, hue, words, href } = aboutOf(event);
          return (
            <li key={event.id}>
              <span class="soft small"><Time at={event.time} /></span>
              <span class="grow line">{href === null ? <Name most={32}>{words}</Name> : <a href={href}><Name most={32}>{words}</Name></a>} <span class={`small ${hue}-t`}>{kind}</span></span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
