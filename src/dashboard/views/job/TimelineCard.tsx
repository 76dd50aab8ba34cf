import { Card } from '../../parts/Card.tsx';
import { change, route } from '../../client/place.ts';
import { Gantt } from './Gantt.tsx';

export function TimelineCard({ job }: { readonly job: string }) {
  const isTable = route.value.query['as'] === 'table';
  const legend = (
    <span class="legend">
      <span class="key soft-ok">succeeded</span>
      <span class="key hue-bad">failed</span>
      <span class="key hue-run">running</span>
      <span class="key hue-go">preempted</span>
      <span class="key hue-hold">requeued</span>
      <button type="button" class="link" onClick={() => change({ as: isTable ? '' : 'table' })}>{isTable ? 'As picture' : 'As table'}</button>
    </span>
  );
  return (
    <Card title="Attempts by node and slot" aside={legend}>
      <Gantt job={job} />
    </Card>
  );
}
