import { Icon } from '../../parts/Icon.tsx';
import { isWatched, toggleWatch } from '../notifications.ts';

/** Tells of the end of a job, or of its first failure, by a notification of the browser. */
export function NotifyBell({ job }: { readonly job: string }) {
  const on = isWatched(job);
  return (
    <button type="button" class={`btn sq ${on ? 'pri' : ''}`} aria-pressed={on} aria-label={`Notify me when ${job} ends or fails`} title="Notify me when it ends or a task fails" onClick={() => toggleWatch(job)}>
      <Icon name="bell" />
    </button>
  );
}
