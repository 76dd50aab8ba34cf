import { listPools } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { PoolTable } from './PoolTable.tsx';

export function Pools() {
  const { q = '' } = route.value.query;
  const pools = useResource('pools', listPools);
  return (
    <>
      <Head title="Pools" />
      <div class="chips">
        <input class="input filter" type="search" data-filter aria-label="Filter by id" placeholder="id" value={q} onInput={(event) => change({ q: event.currentTarget.value })} />
        <a class="chip" href="#/playground">Try a formula</a>
        <a class="chip" href="#/whatif">What if</a>
      </div>
      <Card title="Pools" flush>
        <Loaded of={pools}>
          {({ value, 'odata.nextLink': next }) => {
            const rows = value.filter(({ id }) => id.toLowerCase().includes(q.toLowerCase()));
            if (rows.length === 0) return <div class="card-pad"><Empty command="az batch pool create --id mypool --vm-size standard_d2s_v3 --target-dedicated-nodes 2 --image canonical:ubuntu-24_04-lts:server --node-agent-sku-id 'batch.node.ubuntu 24.04'">{value.length === 0 ? 'There is no pool. The first one:' : `None of ${value.length} pools has “${q}” in its id. Another one:`}</Empty></div>;
            return (
              <>
                <PoolTable pools={rows} />
                {next === undefined ? null : <p class="card-pad soft">The first {value.length} pools; search finds the others by their id.</p>}
              </>
            );
          }}
        </Loaded>
      </Card>
    </>
  );
}
