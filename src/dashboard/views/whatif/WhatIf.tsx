import { Card, Empty } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';

/** What another size or formula would have made of a load. */
export function WhatIf() {
  return (
    <>
      <Head crumbs={[{ word: 'Pools', href: '#/pools' }]} title="What if" />
      <Card title="Another pool, the same load">
        <Empty command="linarite simulate --job JOB --nodes 4 --nodes 8">The command line tries pools and formulas on the load of a job that has run, and says how long it would take and what it would cost:</Empty>
      </Card>
    </>
  );
}
