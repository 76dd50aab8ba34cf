import { listPools, type Page, type Pool } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { useChosen } from '../../parts/useChosen.ts';
import { ManyPools } from '../many/ManyPools.tsx';
import { PoolTable } from './PoolTable.tsx';

export function Pools() {
  const { q = '' } = route.value.query;
  const pools = useResource('pools', listPools, { follows: 'overview' });
  return (
    <>
      <Head title="Pools" />
      <div class="chips">
        <input class="input filter" type="search" data-filter aria-label="Filter by id" placeholder="id" value={q} onInput={(event) => change({ q: event.currentTarget.value })} />
        <a class="chip" href="#/playground">Try a formula</a>
        <a class="chip" href="#/whatif">What if</a>
      </div>
      <Card title="Pools" flush>
        <Loaded of={pools}>{(page) => <PoolList page={page} filter={q} />}</Loaded>
      </Card>
    </>
  );
}

function PoolList({ page, filter }: { readonly page: Page<Pool>; readonly filter: string }) {
  const all = useMore(page, ({ id }) => id);
  const { rows: pools } = all;
  const rows = pools.filter(({ id }) => id.toLowerCase().includes(filter.toLowerCase()));
  const [ids, chosen] = useChosen(rows.map(({ id }) => id));
  if (rows.length === 0) return <div class="card-pad"><Empty command="az batch pool create --id mypool --vm-size standard_d2s_v3 --target-dedicated-nodes 2 --image canonical:ubuntu-24_04-lts:server --node-agent-sku-id 'batch.node.ubuntu 24.04'">{pools.length === 0 ? 'There is no pool. The first one:' : `None of ${pools.length} pools has “${filter}” in its id. Another one:`}</Empty><More of={all} /></div>;
  return (
    <>
      {ids.length === 0 ? null : <div class="card-pad"><ManyPools pools={rows.filter(({ id }) => ids.includes(id))} /></div>}
      <PoolTable pools={rows} chosen={mayWrite() ? chosen : undefined} />
      <More of={all} />
    </>
  );
}
