import type { CloudEvent } from '../../client/events.ts';
import type { Hue } from '../../charts/states.ts';
import { to } from '../../routes/route.ts';

/** What an event is of, and where that is looked at. */
export interface About {
  readonly kind: string;
  readonly hue: Hue;
  readonly words: string;
  readonly href: string | null;
}

function text(data: CloudEvent['data'], name: string): string | undefined {
  const value = data?.[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

export function aboutOf({ type, subject = '', data }: CloudEvent): About {
  const kind = type.replace(/^.*linarite\./i, '');
  const [job, task, pool, node] = ['job', 'task', 'pool', 'node'].map((name) => text(data, name) ?? text(data, `${name}Id`));
  const schedule = text(data, 'jobScheduleId');
  const href = job !== undefined ? to(task === undefined ? ['jobs', job] : ['jobs', job, 'tasks', task]) : pool !== undefined ? to(node === undefined ? ['pools', pool] : ['pools', pool, 'nodes', node]) : schedule !== undefined ? to(['schedules', schedule]) : null;
  const failed = /fail|unusable|lost/i.test(kind) || text(data, 'result') === 'failure';
  const hue: Hue = failed ? 'bad' : /preempt|leav|delet/i.test(kind) ? 'go' : /complet|succe|ended/i.test(kind) ? 'ok' : 'wait';
  return { kind, hue, words: task ?? node ?? job ?? pool ?? schedule ?? subject, href };
}

/** Whether it is of the object that is looked at. */
export function isOf({ data }: CloudEvent, query: Readonly<Record<string, string>>): boolean {
  return Object.entries(query).every(([name, value]) => (text(data, name) ?? text(data, `${name}Id`))?.toLowerCase() === value.toLowerCase());
}
