const FIRST_MS = 5_000;
const MOST_MS = 3_600_000;
/** An endpoint that has failed for so long is told nothing more until somebody enables it. */
const GIVE_UP_MS = 24 * 3_600_000;

/** How long to wait after so many failures, one after another. `random` from 0 to 1: not all ask again at once. */
export function backOffMs(failures: number, random: number): number {
  return Math.round(Math.min(FIRST_MS * 2 ** (failures - 1), MOST_MS) * (0.5 + random / 2));
}

/** Why no more is tried, in a sentence; null: it is. */
export function givenUp({ failingSince, now, status, error }: { readonly failingSince: number; readonly now: number; readonly status: number | null; readonly error: string }): string | null {
  if (status === 410) return 'The endpoint is gone for good: it answers 410.';
  return now - failingSince >= GIVE_UP_MS ? `Each attempt has failed for a day; the last: ${error}.` : null;
}
