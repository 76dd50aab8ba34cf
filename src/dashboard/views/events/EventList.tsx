import { useEvents } from '../../client/useEvents.ts';
import { change, route } from '../../client/place.ts';
import { Card, Empty, Fault } from '../../parts/Card.tsx';
import { Copy } from '../../parts/Copy.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { shownInLine } from '../../text/clean.ts';
import { aboutOf, isOf } from './about.ts';

const SHOWN = 100;

/** Events by their kind and text. */
export function EventList({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const { kind = '', q = '' } = route.value.query;
  const { events, begun, isCut, error } = useEvents({ pool: query['pool'], job: query['job'] });
  const of = events.filter((event) => isOf(event, query));
  const kinds = [...new Set(of.map((event) => aboutOf(event).kind))].toSorted();
  const rows = of.filter((event) => (kind === '' || aboutOf(event).kind === kind) && (q === '' || JSON.stringify(event).toLowerCase().includes(q.toLowerCase()))).slice(0, SHOWN);
  return (
    <>
      <div class="chips">
        <button type="button" class="chip" aria-pressed={kind === ''} onClick={() => change({ kind: '' })}>all</button>
        {kinds.map((one) => (
          <button key={one} type="button" class="chip" aria-pressed={kind === one} onClick={() => change({ kind: one })}>{one}</button>
        ))}
        <input class="input filter" type="search" data-filter aria-label="Filter by text" placeholder="text" value={q} onInput={(event) => change({ q: event.currentTarget.value })} />
        <Copy text={`curl -N "$AZURE_BATCH_ENDPOINT/linarite/events"`} what="the command that listens" />
      </div>
      <Card title="Events" flush>
        {error === undefined ? null : <div class="card-pad"><Fault error={error} /></div>}
        {rows.length === 0 && error === undefined ? <div class="card-pad"><Empty>{begun ? 'Nothing like this has happened in the last quarter of an hour.' : 'Looking…'}</Empty></div> : null}
        {rows.length === 0 ? null : (
          <div class="scroll-x">
            <table class="rows">
              <thead><tr><th scope="col">Time</th><th scope="col">What</th><th scope="col">Object</th><th scope="col" class="narrow-hide">Cause</th></tr></thead>
              <tbody>
                {rows.map((event) => {
                  const { kind: what, hue, words, href } = aboutOf(event);
                  return (
                    <tr key={event.id} data-row tabIndex={-1}>
                      <td><Time at={event.time} /></td>
                      <td class={`${hue}-t`}>{what}</td>
                      <td>{href === null ? <Name>{words}</Name> : <a href={href} data-open><Name mono>{words}</Name></a>}</td>
                      <td class="narrow-hide soft">{shownInLine(String(event.data?.['cause'] ?? ''))}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
            {rows.length === SHOWN ? <p class="card-pad soft small">The last {SHOWN}; the chips and the text narrow them.</p> : null}
            {isCut ? <p class="card-pad soft small">More happens than is shown here: linarite events -f tells all of it.</p> : null}
          </div>
        )}
      </Card>
    </>
  );
}
