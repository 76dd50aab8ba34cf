import { BEFORE_MS } from '../../client/events.ts';
import { useEvents } from '../../client/useEvents.ts';
import { change, route } from '../../client/place.ts';
import { zone } from '../../client/settings.ts';
import { now } from '../../client/live.ts';
import { Card, Empty, Fault } from '../../parts/Card.tsx';
import { Copy } from '../../parts/Copy.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { quotedForShell, shownInLine } from '../../text/clean.ts';
import { clockTime } from '../../text/format.ts';
import { aboutOf, isOf } from './about.ts';
import { earlierThan, FAMILIES, isOfKind, listenerOf, momentOf, SPANS } from './asked.ts';

const SHOWN = 100;

/** Events by their kind and text: as they come, or around a moment. */
export function EventList({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const { kind = '', q = '', at: atText, since = '' } = route.value.query;
  const at = momentOf(atText);
  const span = SPANS.find(({ id }) => id === since) ?? SPANS[0];
  const of = { pool: query['pool'], job: query['job'], kind };
  const { events, begun, isCut, error } = useEvents({ ...of, beforeMs: span.ms, at });
  const mine = events.filter((event) => isOf(event, query));
  const kinds = [...new Set([...FAMILIES, ...mine.map((event) => aboutOf(event).kind), ...(kind === '' ? [] : [kind])])];
  const rows = mine.filter((event) => isOfKind(aboutOf(event).kind, kind) && (q === '' || JSON.stringify(event).toLowerCase().includes(q.toLowerCase()))).slice(0, SHOWN);
  return (
    <>
      <div class="chips">
        <span class="pick" role="group" aria-label="Since">
          {SPANS.map(({ id, word }) => <button key={id} type="button" aria-pressed={at === undefined && span.id === id} onClick={() => change({ since: id, at: '' })}>{word}</button>)}
        </span>
        <label class="small">around <input class="input filter" type="datetime-local" step="1" aria-label="Around a moment, in the time zone of this machine" value={at === undefined ? '' : localOf(at)} onChange={({ currentTarget: { value } }) => change({ at: value === '' ? '' : new Date(value).toISOString() })} /></label>
        <input class="input filter" type="search" data-filter aria-label="Filter by text" placeholder="text" value={q} onInput={(event) => change({ q: event.currentTarget.value })} />
        <Copy text={listenerOf(of, quotedForShell)} what="the command that listens" />
      </div>
      <div class="chips">
        <button type="button" class="chip" aria-pressed={kind === ''} onClick={() => change({ kind: '' })}>all</button>
        {kinds.map((one) => <button key={one} type="button" class="chip" aria-pressed={kind === one} onClick={() => change({ kind: one })}>{one}</button>)}
      </div>
      <Card
        title={at === undefined ? 'Events' : `Events from ${clockTime(Date.parse(at), { zone: zone.value, now: now.value })} on`}
        flush
        aside={at === undefined ? null : (
          <>
            <button type="button" class="link" onClick={() => change({ at: earlierThan(at, BEFORE_MS) })}>Earlier</button>
            {events[0] === undefined ? null : <button type="button" class="link" onClick={() => change({ at: new Date(events[0]?.time ?? at).toISOString() })}>Later</button>}
            <button type="button" class="link" onClick={() => change({ at: '' })}>Now</button>
          </>
        )}
      >
        {error === undefined ? null : <div class="card-pad"><Fault error={error} /></div>}
        {rows.length === 0 && error === undefined ? <div class="card-pad"><Empty>{begun ? (at === undefined ? `Nothing like this has happened in the last ${span.long}.` : 'Nothing like this followed.') : 'Looking…'}</Empty></div> : null}
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
            {isCut && at === undefined ? <p class="card-pad soft small">More happens than is shown here: linarite events -f tells all of it.</p> : null}
          </div>
        )}
      </Card>
    </>
  );
}

/** As `datetime-local` takes it: the time of day of this machine. */
function localOf(at: string): string {
  const ms = Date.parse(at);
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
