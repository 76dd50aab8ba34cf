import type { Task } from '../../client/batch.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Icon } from '../../parts/Icon.tsx';
import { sentence, shown } from '../../text/clean.ts';
import { FixButtons } from '../fixes.tsx';

/** Why the task waits, or how it ended, in sentences; nothing where it has succeeded or runs. */
export function ExplainLine({ job, task }: { readonly job: string; readonly task: Task }) {
  const failure = task.executionInfo?.failureInfo;
  const waits = task.state === 'active' || task.state === 'preparing';
  const why = useResource(waits ? `${job} ${task.id} why` : null, (signal) => own.explain(`jobs/${encodeURIComponent(job)}/tasks/${encodeURIComponent(task.id)}`, signal));
  if (failure !== undefined) {
    return (
      <ul class="attn">
        <li class="hue-bad">
          <Icon name="cross" />
          <p>
            <b>{shown(failure.code)}.</b> {shown(failure.message ?? '')} {(failure.details ?? []).map(({ name, value }) => `${shown(name)}: ${shown(value ?? '')}`).join('; ')}
          </p>
        </li>
      </ul>
    );
  }
  const reasons = why.data?.reasons ?? [];
  if (reasons.length === 0) return null;
  return (
    <ul class="attn" aria-label="Why it waits">
      {reasons.map(({ code, message, never = false, fixes = [] }) => (
        <li key={`${code} ${message}`} class={never ? 'hue-come' : 'hue-wait'}>
          <Icon name={never ? 'warn' : 'ring'} />
          <p>{never ? <b>It can never start. </b> : null}{sentence(message)}</p>
          <span class="acts"><FixButtons fixes={fixes} /></span>
        </li>
      ))}
    </ul>
  );
}
