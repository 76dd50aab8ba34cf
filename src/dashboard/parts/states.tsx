import { nodeLook, stateLook, taskState, type Hue } from '../charts/states.ts';
import { count } from '../text/format.ts';
import { NodeMark } from './NodeMark.tsx';
import { Icon } from './Icon.tsx';

/** The state of a job, pool, schedule or task, as a word with its hue and picture. */
export function Badge({ of, state }: { readonly of: 'task' | 'job' | 'pool'; readonly state: string }) {
  const { word, hue, icon } = stateLook(of, state);
  return (
    <span class={`badge hue-${hue}`} title={state === word ? undefined : state}>
      <Icon name={icon} />
      {word}
    </span>
  );
}

export function TaskBadge({ state, result }: { readonly state: string; readonly result?: string | undefined }) {
  return <Badge of="task" state={taskState({ state, result })} />;
}

export function NodeBadge({ state }: { readonly state: string }) {
  const { word, hue } = nodeLook(state);
  return (
    <span class={`badge hue-${hue}`} title={state}>
      <NodeMark state={state} />
      {word}
    </span>
  );
}

/** A share of a bar. */
export interface Part {
  readonly word: string;
  readonly hue: Hue;
  readonly value: number;
}

/** How many of a whole are in which state. */
export function StateBar({ parts, thin = false }: { readonly parts: readonly Part[]; readonly thin?: boolean }) {
  const seen = parts.filter(({ value }) => value > 0);
  const words = seen.map(({ word, value }) => `${count(value)} ${word}`).join(', ');
  return (
    <div class={`bar ${thin ? 'thin' : ''}`} role="img" aria-label={words === '' ? 'no tasks' : words} title={words}>
      {seen.map(({ word, hue, value }) => (
        <i key={word} class={`hue-${hue}`} style={{ flexGrow: value }} />
      ))}
    </div>
  );
}

/** The parts of a job's tasks. */
export function taskParts({ succeeded, failed, running, active }: { readonly succeeded: number; readonly failed: number; readonly running: number; readonly active: number }): readonly Part[] {
  return [
    { word: 'succeeded', hue: 'ok', value: succeeded },
    { word: 'failed', hue: 'bad', value: failed },
    { word: 'running', hue: 'run', value: running },
    { word: 'waiting', hue: 'wait', value: active },
  ];
}

/** A share of a limit. */
export function Meter({ part, whole, hue = 'run', label }: { readonly part: number; readonly whole: number; readonly hue?: Hue; readonly label: string }) {
  const share = whole <= 0 ? 0 : Math.min(100, (part / whole) * 100);
  return (
    <div class="meter" role="img" aria-label={label}>
      <i class={`hue-${hue}`} style={{ width: `${share}%` }} />
    </div>
  );
}
