import { change, route } from '../../client/place.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Loaded } from '../../parts/Card.tsx';
import { Figure } from '../../parts/Figure.tsx';
import { Head } from '../../parts/Head.tsx';
import { duration, money, percent } from '../../text/format.ts';
import { CostBars } from './CostBars.tsx';
import { CostLines } from './CostLines.tsx';

const DAY_MS = 86_400_000;
const SPANS = [
  { id: 'day', word: 'last 24 hours', since: (now: number) => now - DAY_MS },
  { id: 'week', word: 'last 7 days', since: (now: number) => now - 7 * DAY_MS },
  { id: 'month', word: 'this month', since: (now: number) => Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth(), 1) },
  { id: 'all', word: 'all', since: () => 0 },
];
const HOUR_MS = 3_600_000;
const KEYS = [{ id: 'pool', word: 'by pool' }, { id: 'job', word: 'by job' }, { id: 'day', word: 'by day' }, { id: 'size', word: 'by pool and size' }];

export function Cost() {
  const { span = 'month', by = 'pool' } = route.value.query;
  const chosen = SPANS.find(({ id }) => id === span) ?? SPANS[0];
  // By whole hours, as usage is kept; the same question for a while.
  const since = chosen === undefined || chosen.id === 'all' ? undefined : new Date(Math.floor(chosen.since(Date.now()) / HOUR_MS) * HOUR_MS).toISOString();
  const query = { since };
  const cost = useResource(`cost ${JSON.stringify(query)}`, (signal) => own.cost(query, signal), { beats: 30 });
  return (
    <>
      <Head title="Cost" />
      <div class="chips">
        {SPANS.map(({ id, word }) => <button key={id} type="button" class="chip" aria-pressed={id === span} onClick={() => change({ span: id })}>{word}</button>)}
      </div>
      <section class="card" aria-label="Sum">
        <Loaded of={cost}>
          {({ total, currency }) => (
            <div class="nums">
              <Figure value={money(total.cost, currency)} label={`${chosen?.word ?? ''}, at list prices`} />
              <Figure value={duration(total.nodeSeconds * 1000)} label="node time" />
              {total.idleShare === undefined ? null : <Figure value={percent(total.idleShare, 1)} label="idle" hue="wait" icon="ring" />}
              <Figure value={duration(total.lostSeconds * 1000)} label="lost to preemption" hue="go" icon="half" />
            </div>
          )}
        </Loaded>
      </section>
      <div class="chips">
        {KEYS.map(({ id, word }) => <button key={id} type="button" class="chip" aria-pressed={id === by} onClick={() => change({ by: id })}>{word}</button>)}
      </div>
      {by === 'size' ? <CostLines query={query} /> : <CostBars by={by} from={since} />}
    </>
  );
}
