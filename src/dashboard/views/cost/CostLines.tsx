import { own, type Cost } from '../../client/own.ts';
import type { Query } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { UseBar } from './UseBar.tsx';
import { Name } from '../../parts/text.tsx';
import { csvCell } from '../../text/clean.ts';
import { duration, money, NONE, percent } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

const BEATS = 30;

/** What nodes cost at list prices, a line for each pool, size and kind. */
export function CostLines({ query }: { readonly query: Query }) {
  const cost = useResource(`cost ${JSON.stringify(query)}`, (signal) => own.cost(query, signal), { beats: BEATS });
  return (
    <Card title="By pool and size" flush aside={cost.data === undefined ? null : <button type="button" class="link" onClick={() => saveCsv(cost.data)}>CSV</button>}>
      <Loaded of={cost} height={160}>{(data) => (data.lines.length === 0 ? <div class="card-pad"><Empty>No node has run in this time.</Empty></div> : <Lines data={data} />)}</Loaded>
    </Card>
  );
}

function Lines({ data: { lines, currency, total } }: { readonly data: Cost }) {
  const most = Math.max(...lines.map(({ nodeSeconds }) => nodeSeconds), 1);
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">Pool</th><th scope="col" class="narrow-hide">Size</th><th scope="col" class="wide-cell">Used, idle, lost</th><th scope="col" class="n">Node time</th><th scope="col" class="n narrow-hide">Idle</th><th scope="col" class="n">Cost</th></tr></thead>
          <tbody>
            {lines.map(({ pool, size, kind, nodeSeconds, idleSeconds = 0, idleShare, lostSeconds, cost }) => (
              <tr key={`${pool} ${size} ${kind}`} data-row tabIndex={-1}>
                <td><a href={to(['pools', pool])} data-open><Name mono most={40}>{pool}</Name></a></td>
                <td class="narrow-hide">{size} <span class="soft">{kind}</span></td>
                <td class="wide-cell">
                  <UseBar nodeSeconds={nodeSeconds} idleSeconds={idleSeconds} lostSeconds={lostSeconds} most={most} />
                </td>
                <td class="n">{duration(nodeSeconds * 1000)}</td>
                <td class="n narrow-hide">{idleShare === undefined ? NONE : percent(idleShare, 1)}</td>
                <td class="n strong">{cost === null ? '?' : money(cost, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="card-pad soft small">List prices of the region, estimated. {total.unknownPrices.length === 0 ? '' : `Without a known price: ${total.unknownPrices.join(', ')}.`}</p>
    </>
  );
}

function saveCsv(data: Cost | undefined): void {
  if (data === undefined) return;
  const rows = data.lines.map(({ pool, size, kind, nodeSeconds, idleSeconds = 0, lostSeconds, cost }) => [pool, size, kind, nodeSeconds, idleSeconds, lostSeconds, cost ?? ''].map((cell) => csvCell(String(cell))).join(','));
  const url = URL.createObjectURL(new Blob([`pool,size,kind,nodeSeconds,idleSeconds,lostSeconds,cost\r\n${rows.join('\r\n')}\r\n`], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'cost.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
