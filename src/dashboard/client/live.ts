/** The beat by which the page asks again, and whether it is connected. */
import { computed, signal } from '@preact/signals';
import { answers } from './request.ts';

const BEAT_MS = 2_000;

/** Grows while somebody looks. */
export const beat = signal(0);
/** The time, each second: ages and running durations. */
export const now = signal(Date.now());

/** What the light says. */
export type Light = { readonly kind: 'live' } | { readonly kind: 'off'; readonly sinceMs: number };

export const light = computed<Light>(() => {
  const last = answers.value;
  return last === null || last.ok ? { kind: 'live' } : { kind: 'off', sinceMs: now.value - last.at };
});

export function startBeating(): void {
  setInterval(() => {
    if (document.visibilityState === 'visible') beat.value += 1;
  }, BEAT_MS);
  setInterval(() => {
    now.value = Date.now();
  }, 1_000);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') beat.value += 1;
  });
}

/** Grows when whatever is on the screen is to be asked for at once. */
export const refreshed = signal(0);

/** Something was changed. */
export function refresh(): void {
  refreshed.value += 1;
}
