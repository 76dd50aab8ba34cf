import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { TaskBadge } from '../../parts/states.tsx';
import { Time } from '../../parts/text.tsx';
import { shown, shortNode } from '../../text/clean.ts';
import { duration, NONE } from '../../text/format.ts';

/** A line for each transition, with what caused it. */
export function History({ job, task }: { readonly job: string; readonly task: string }) {
  const history = useResource(`${job} ${task} history`, (signal) => own.history(job, task, signal), { beats: 2 });
  return (
    <Card title="History" flush>
      <Loaded of={history}>
        {({ events, attempts }) =>
          events.length === 0 && attempts.length === 0 ? (
            <div class="card-pad"><Empty>Nothing is on record yet.</Empty></div>
          ) : (
            <div class="scroll-x">
              <table class="rows">
                <thead><tr><th scope="col">Time</th><th scope="col">State</th><th scope="col">Cause</th><th scope="col" class="n">Since last</th><th scope="col">Node</th><th scope="col" class="n">Attempt</th></tr></thead>
                <tbody>
                  {events.map(({ time, state, cause, node, attempt }, at) => {
                    const ended = attempts.find((one) => one.attempt === attempt);
                    const before = events[at - 1];
                    return (
                      <tr key={`${time} ${state} ${at}`} data-row tabIndex={-1}>
                        <td><Time at={time} /></td>
                        <td><TaskBadge state={state} result={state === 'completed' ? ended?.result : undefined} /></td>
                        <td>{shown(cause)}</td>
                        <td class="n">{before === undefined ? NONE : duration(Date.parse(time) - Date.parse(before.time))}</td>
                        <td class="mono">{node === undefined ? NONE : shortNode(node)}</td>
                        <td class="n">{attempt === 0 ? NONE : attempt}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Card>
  );
}
