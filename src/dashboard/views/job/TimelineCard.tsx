import { Card } from '../../parts/Card.tsx';
import { Gantt } from './Gantt.tsx';

export function TimelineCard({ job }: { readonly job: string }) {
  const legend = (
    <span class="legend">
      <span class="key soft-ok">succeeded</span>
      <span class="key hue-bad">failed</span>
      <span class="key hue-run">running</span>
    </span>
  );
  return (
    <Card title="Attempts by node and slot" aside={legend}>
      <Gantt job={job} />
    </Card>
  );
}
