import type { Task } from '../../client/batch.ts';
import { now } from '../../client/live.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { duration } from '../../text/format.ts';

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly word: string;
  readonly style: string;
}

/** From added to ended, to scale: waiting, and each attempt. */
export function Strip({ job, task }: { readonly job: string; readonly task: Task }) {
  const history = useResource(`${job} ${task.id} attempts`, (signal) => own.history(job, task.id, signal), { beats: task.state === 'completed' ? 0 : 2 });
  const added = Date.parse(task.creationTime);
  const { startTime, endTime, result } = task.executionInfo ?? {};
  const last = startTime === undefined ? [] : [{ startedAt: startTime, ...(endTime === undefined ? {} : { endedAt: endTime }), ...(result === undefined ? {} : { result }) }];
  const attempts = (history.data?.attempts ?? []).length > 0 ? (history.data?.attempts ?? []) : last;
  const pieces: Piece[] = [];
  let at = added;
  for (const { startedAt, endedAt, result: outcome } of attempts) {
    if (startedAt === undefined) continue;
    const from = Date.parse(startedAt);
    if (from > at) pieces.push({ from: at, to: from, word: 'waited', style: 'hue-wait' });
    const until = endedAt === undefined ? now.value : Date.parse(endedAt);
    pieces.push({ from, to: Math.max(from, until), word: endedAt === undefined ? 'running' : outcome === 'failure' ? 'failed' : 'succeeded', style: endedAt === undefined ? 'hue-run' : outcome === 'failure' ? 'hue-bad' : 'hue-ok' });
    at = until;
  }
  if (task.state === 'active') pieces.push({ from: at, to: now.value, word: 'waiting', style: 'hue-wait' });
  if (pieces.length === 0) return null;
  return (
    <ol class="strip" aria-label="Attempts over time">
      {pieces.map(({ from, to, word, style }) => (
        <li key={from} class={style} style={{ flexGrow: Math.max(1, to - from) }} title={`${word} ${duration(to - from)}`}>
          <span>{word} {duration(to - from)}</span>
        </li>
      ))}
    </ol>
  );
}
