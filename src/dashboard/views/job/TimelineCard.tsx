import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { count } from '../../text/format.ts';
import { Gantt } from './Gantt.tsx';
import { loadAttempts } from './useAttempts.ts';

export function TimelineCard({ job }: { readonly job: string }) {
  const attempts = useResource(`${job} attempts`, (signal) => loadAttempts(job, signal));
  const legend = (
    <span class="legend">
      <span class="key soft-ok">succeeded</span>
      <span class="key hue-bad">failed</span>
      <span class="key hue-run">running</span>
    </span>
  );
  return (
    <Card title="Attempts by node and slot" aside={legend}>
      <Loaded of={attempts} height={220}>
        {({ bars, total }) =>
          bars.length === 0 ? (
            <Empty>No task has started yet.</Empty>
          ) : (
            <>
              <Gantt job={job} bars={bars} />
              <p class="soft small">{total > bars.length ? `The last ${count(bars.length)} of ${count(total)} tasks, ` : ''}nodes with failures first. Ctrl with the wheel zooms, a click opens the task.</p>
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
