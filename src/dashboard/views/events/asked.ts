/** Which events are looked at, as the address says it. */

interface Span {
  readonly id: string;
  readonly word: string;
  readonly long: string;
  readonly ms: number;
}

const MINUTE_MS = 60_000;

/** How far back; the service keeps events for some days. */
export const SPANS = [
  { id: '', word: '15 min', long: 'quarter of an hour', ms: 15 * MINUTE_MS },
  { id: '1h', word: '1 h', long: 'hour', ms: 60 * MINUTE_MS },
  { id: '1d', word: '1 d', long: 'day', ms: 24 * 60 * MINUTE_MS },
  { id: '3d', word: '3 d', long: 'three days', ms: 72 * 60 * MINUTE_MS },
] as const satisfies readonly Span[];

/** What kinds begin with. */
export const FAMILIES = ['pool', 'node', 'job', 'task', 'schedule'] as const;

/** `asked`: a kind or a family of them; '': all. */
export function isOfKind(kind: string, asked: string): boolean {
  return asked === '' || kind === asked || kind.startsWith(`${asked}.`);
}

/** A moment as an address has it, as an ISO time: `2026-11-30T12:00:00Z`; undefined: it is none. */
export function momentOf(text: string | undefined): string | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

export function earlierThan(at: string, byMs: number): string {
  return new Date(Date.parse(at) - byMs).toISOString();
}

/** A command that listens to the same, with a token as docs/clients/curl.md gets one. `quoted`: for a shell. */
export function listenerOf(of: Readonly<Record<string, string | undefined>>, quoted: (word: string) => string): string {
  const query = new URLSearchParams(Object.entries(of).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
  return `curl -N -H "Authorization: Bearer $TOKEN" "$AZURE_BATCH_ENDPOINT"${quoted(`/linarite/events${query.size === 0 ? '' : `?${query}`}`)}`;
}
