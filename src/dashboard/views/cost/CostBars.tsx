import type { CostBy } from '../../../wire/own/cost.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Name } from '../../parts/text.tsx';
import { count, duration, money, NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { UseBar } from './UseBar.tsx';

const BEATS = 30;
const TITLES: Readonly<Record<string, string>> = { pool: 'By pool', job: 'By job', day: 'By day (UTC)' };

/** What nodes cost by pool, job or day. Jobs are told of as a whole, whatever the time. */
export function CostBars({ by, from }: { readonly by: string; readonly from: string | undefined }) {
  const query = { by, ...(by === 'job' ? {} : { from }) };
  const cost = useResource(`cost ${JSON.stringify(query)}`, (signal) => own.costBy(query, signal), { beats: BEATS });
  return (
    <Card title={TITLES[by] ?? by} flush>
      <Loaded of={cost} height={160}>{(data) => (data.rows.length === 0 ? <div class="card-pad"><Empty>{by === 'job' ? 'No job has used a node.' : 'No node has run in this time.'}</Empty></div> : <Bars data={data} />)}</Loaded>
    </Card>
  );
}

function Bars({ data: { by, rows, others, currency } }: { readonly data: CostBy }) {
  const most = Math.max(...rows.map(({ nodeSeconds }) => nodeSeconds), 1);
  const unknown = [...new Set(rows.flatMap(({ unknownPrices }) => unknownPrices))];
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">{by === 'day' ? 'Day' : by === 'job' ? 'Job' : 'Pool'}</th><th scope="col" class="wide-cell">Used, idle, lost</th><th scope="col" class="n">Node time</th><th scope="col" class="n narrow-hide">Idle</th><th scope="col" class="n narrow-hide">Lost</th><th scope="col" class="n">Cost</th></tr></thead>
          <tbody>
            {rows.map(({ key, nodeSeconds, idleSeconds, lostSeconds, cost, unknownPrices }) => (
              <tr key={key} data-row tabIndex={-1}>
                <td>{by === 'day' ? key : <a href={to([`${by}s`, key])} data-open><Name mono most={48}>{key}</Name></a>}</td>
                <td class="wide-cell"><UseBar nodeSeconds={nodeSeconds} idleSeconds={idleSeconds ?? 0} lostSeconds={lostSeconds} most={most} /></td>
                <td class="n">{duration(nodeSeconds * 1000)}</td>
                <td class="n narrow-hide">{idleSeconds === undefined ? NONE : duration(idleSeconds * 1000)}</td>
                <td class="n narrow-hide">{duration(lostSeconds * 1000)}</td>
                <td class="n strong">{unknownPrices.length > 0 && cost === 0 ? '?' : money(cost, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="card-pad soft small">
        List prices, estimated. {by === 'job' ? 'Each job as a whole: the parts of nodes that its tasks had. ' : ''}
        {others === undefined ? '' : `${count(others.count)} more cost ${money(others.sum.cost, currency)} together. `}
        {unknown.length === 0 ? '' : `Without a known price: ${unknown.join(', ')}.`}
      </p>
    </>
  );
}
