/** What people choose, kept in this browser. */
import { effect, signal, type Signal } from '@preact/signals';
import type { Zone } from '../text/format.ts';

function kept<Value extends string>(name: string, values: readonly Value[], usual: Value): Signal<Value> {
  const key = `linarite-${name}`;
  const stored = localStorage.getItem(key);
  const choice = signal(values.find((value) => value === stored) ?? usual);
  effect(() => {
    if (choice.value !== usual || localStorage.getItem(key) !== null) localStorage.setItem(key, choice.value);
  });
  return choice;
}

export type Theme = 'system' | 'light' | 'dark';

export const theme = kept<Theme>('theme', ['system', 'light', 'dark'], 'system');
export const zone = kept<Zone>('zone', ['local', 'utc'], 'local');
/** Whether single keys do something. */
export const keys = kept<'on' | 'off'>('keys', ['on', 'off'], 'on');
export const wrapLogs = kept<'on' | 'off'>('wrap', ['on', 'off'], 'off');

const systemDark = matchMedia('(prefers-color-scheme: dark)');
/** Whether it is dark now. */
export const dark = signal(systemDark.matches);

export function applyTheme(): void {
  const apply = (): void => {
    dark.value = theme.value === 'dark' || (theme.value === 'system' && systemDark.matches);
    document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light';
  };
  effect(apply);
  systemDark.addEventListener('change', apply);
}
