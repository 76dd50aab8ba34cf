/** What the service says of an event (docs/events.md). */
export interface CloudEvent {
  readonly specversion?: string;
  readonly id?: string;
  readonly source?: string;
  readonly datacontenttype?: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What of an event's data is told in a line, in this order; the rest is in its JSON. */
const TOLD = ['cause', 'reason', 'exitCode', 'nodeId', 'attempt', 'retryCount', 'targetDedicatedNodes', 'targetLowPriorityNodes', 'currentDedicatedNodes', 'currentLowPriorityNodes', 'failureInfo', 'errors', 'message'] as const;

/** `2026-11-20T12:00:00Z task.failed jobs/J/tasks/a cause=exited exitCode=7 …` */
export function eventLine({ type, time, subject = '', data }: CloudEvent): string {
  const told = TOLD.flatMap((name) => (data[name] === undefined || (name === 'nodeId' && subject.endsWith(String(data[name]))) ? [] : [`${name}=${textOf(data[name])}`]));
  return [time, type.replace(/^linarite\./, ''), subject, ...told].filter((word) => word !== '').map(printable).join(' ');
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  return 'code' in value && 'message' in value ? `${String(value.code)}: ${String(value.message)}` : JSON.stringify(value);
}

/** A program's output may hold anything; none of it may act on the terminal or turn the line around. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, ' ');
}
