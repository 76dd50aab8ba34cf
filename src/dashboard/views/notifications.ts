/** Jobs whose end somebody waits for; texts hold ids alone. */
import { effect, signal } from '@preact/signals';
import { taskCounts, type Job } from '../client/batch.ts';
import { beat } from '../client/live.ts';
import { go } from '../client/place.ts';
import { ask, pathOf } from '../client/request.ts';
import { say } from '../parts/toasts.tsx';
import { to } from '../routes/route.ts';
import { shownInLine } from '../text/clean.ts';

/** With how many failures each was known to have. */
const watched = signal<ReadonlyMap<string, number>>(new Map());
const BEATS = 3;

export function isWatched(job: string): boolean {
  return watched.value.has(job);
}

export function toggleWatch(job: string): void {
  const next = new Map(watched.value);
  if (next.delete(job)) {
    watched.value = next;
    return;
  }
  void Notification.requestPermission().then((permission) => {
    if (permission !== 'granted') say('bad', 'The browser allows this page no notifications: it is told here, for as long as the page is open.');
    watched.value = new Map([...watched.value, [job, -1]]);
  });
}

function notify(job: string, text: string): void {
  say('ok', text);
  if (Notification.permission !== 'granted') return;
  const shown = new Notification('Linarite', { body: text, tag: `linarite ${job}` });
  shown.addEventListener('click', () => {
    window.focus();
    go(to(['jobs', job]));
  });
}

async function look(job: string, known: number): Promise<void> {
  const { signal: unused } = new AbortController();
  const [{ state }, { taskCounts: counts }] = await Promise.all([ask<Job>(pathOf('jobs', job)), taskCounts(job, unused)]);
  const next = new Map(watched.peek());
  const isOver = state === 'completed' || counts.active + counts.running === 0;
  if (isOver) {
    next.delete(job);
    notify(job, `${shownInLine(job)}: all tasks have ended`);
  } else {
    if (known === 0 && counts.failed > 0) notify(job, `${shownInLine(job)}: a task failed`);
    next.set(job, counts.failed);
  }
  watched.value = next;
}

effect(() => {
  if (beat.value % BEATS !== 0) return;
  for (const [job, known] of watched.peek()) look(job, known).catch(() => undefined);
});
