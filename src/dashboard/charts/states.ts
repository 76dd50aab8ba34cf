/** States as the page draws them: a hue, a drawing and a word, so that none of the three is needed alone. */

/** What a state means to somebody who looks: names of colours in styles/tokens.css. */
export type Hue = 'run' | 'ok' | 'bad' | 'wait' | 'come' | 'go' | 'hold';

/** How a node's cell is drawn. */
export type Drawing = 'fill' | 'outline' | 'plus' | 'lower' | 'dots' | 'slashes' | 'crosshatch' | 'dashes' | 'cross' | 'bar' | 'upper' | 'diagonal' | 'bars' | 'dot' | 'pause' | 'question';

export interface NodeLook {
  readonly word: string;
  readonly hue: Hue;
  readonly drawing: Drawing;
  /** Whether somebody should look at it. */
  readonly trouble?: true;
}

/** By the words of the wire. */
export const NODE_LOOKS: Readonly<Record<string, NodeLook>> = {
  running: { word: 'running', hue: 'run', drawing: 'fill' },
  idle: { word: 'idle', hue: 'wait', drawing: 'outline' },
  creating: { word: 'creating', hue: 'come', drawing: 'plus' },
  starting: { word: 'starting', hue: 'come', drawing: 'lower' },
  waitingforstarttask: { word: 'waiting for start task', hue: 'come', drawing: 'dots' },
  rebooting: { word: 'rebooting', hue: 'come', drawing: 'slashes' },
  reimaging: { word: 'reimaging', hue: 'come', drawing: 'crosshatch' },
  upgradingos: { word: 'upgrading OS', hue: 'come', drawing: 'dashes' },
  starttaskfailed: { word: 'start task failed', hue: 'bad', drawing: 'cross', trouble: true },
  unusable: { word: 'unusable', hue: 'bad', drawing: 'bar', trouble: true },
  leavingpool: { word: 'leaving pool', hue: 'go', drawing: 'upper' },
  preempted: { word: 'preempted', hue: 'go', drawing: 'diagonal' },
  deallocating: { word: 'deallocating', hue: 'go', drawing: 'bars' },
  deallocated: { word: 'deallocated', hue: 'go', drawing: 'dot' },
  offline: { word: 'offline', hue: 'hold', drawing: 'pause' },
  unknown: { word: 'unknown', hue: 'hold', drawing: 'question', trouble: true },
};

const UNKNOWN: NodeLook = { word: 'unknown', hue: 'hold', drawing: 'question', trouble: true };

/** A state that nobody here has heard of is drawn as unknown, and keeps its word. */
export function nodeLook(state: string): NodeLook {
  return NODE_LOOKS[state] ?? { ...UNKNOWN, word: state };
}

/** The pictures in parts/Icon. */
export type IconName = 'play' | 'check' | 'cross' | 'ring' | 'half' | 'swap' | 'warn' | 'search' | 'more' | 'plus' | 'moon' | 'sun' | 'home' | 'pool' | 'job' | 'coin' | 'bell' | 'pause' | 'stop' | 'gone' | 'equal' | 'question' | 'clock' | 'mark' | 'up' | 'down' | 'copy' | 'file' | 'folder' | 'close';

export interface StateLook {
  readonly word: string;
  readonly hue: Hue;
  readonly icon: IconName;
}

/** Of tasks, jobs, schedules and pools; `waiting` is a label, the word of the wire stays in addresses. */
const LOOKS: Readonly<Record<'task' | 'job' | 'pool', Readonly<Record<string, StateLook>>>> = {
  task: {
    active: { word: 'waiting', hue: 'wait', icon: 'ring' },
    preparing: { word: 'preparing', hue: 'come', icon: 'half' },
    running: { word: 'running', hue: 'run', icon: 'play' },
    succeeded: { word: 'succeeded', hue: 'ok', icon: 'check' },
    failed: { word: 'failed', hue: 'bad', icon: 'cross' },
    completed: { word: 'completed', hue: 'ok', icon: 'check' },
  },
  job: {
    active: { word: 'active', hue: 'run', icon: 'play' },
    enabling: { word: 'enabling', hue: 'come', icon: 'half' },
    disabling: { word: 'disabling', hue: 'come', icon: 'half' },
    disabled: { word: 'disabled', hue: 'hold', icon: 'pause' },
    terminating: { word: 'terminating', hue: 'go', icon: 'gone' },
    deleting: { word: 'deleting', hue: 'go', icon: 'gone' },
    completed: { word: 'completed', hue: 'ok', icon: 'stop' },
  },
  pool: {
    steady: { word: 'steady', hue: 'wait', icon: 'equal' },
    resizing: { word: 'resizing', hue: 'come', icon: 'swap' },
    stopping: { word: 'stopping', hue: 'go', icon: 'stop' },
    deleting: { word: 'deleting', hue: 'go', icon: 'gone' },
    active: { word: 'active', hue: 'run', icon: 'play' },
  },
};

export function stateLook(of: keyof typeof LOOKS, state: string): StateLook {
  return LOOKS[of][state] ?? { word: state, hue: 'hold', icon: 'question' };
}

/** A task's state as people ask for it: how it ended, where it has. */
export function taskState({ state, result }: { readonly state: string; readonly result?: string | undefined }): string {
  return state === 'completed' ? (result === 'failure' ? 'failed' : 'succeeded') : state;
}
