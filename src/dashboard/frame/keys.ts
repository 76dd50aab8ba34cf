/** Single keys. None does anything where somebody types, or while a dialog is open. */
import { signal } from '@preact/signals';
import { go, route } from '../client/place.ts';
import { keys } from '../client/settings.ts';
import { isDialogOpen } from '../parts/Dialog.tsx';
import { neighbourOf, rememberList } from '../routes/neighbours.ts';
import { to } from '../routes/route.ts';
import { PLACES } from './navigation.ts';

export const helpOpen = signal(false);

/** What `?` lists. */
export const KEY_HELP: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: ['/'], does: 'search' },
  { keys: ['?'], does: 'this list' },
  ...PLACES.map(({ key, word }) => ({ keys: ['g', key], does: word })),
  { keys: ['u'], does: 'one level up' },
  { keys: ['j', 'k'], does: 'next and previous row' },
  { keys: ['Enter'], does: 'open the row' },
  { keys: ['x'], does: 'select the row' },
  { keys: ['Shift', 'x'], does: 'select the rows since the last one' },
  { keys: ['[', ']'], does: 'the row before or after, of the list from which this was opened' },
  { keys: ['.'], does: 'more actions' },
  { keys: ['r'], does: 'rerun' },
  { keys: ['f'], does: 'filter; in a log: follow' },
  { keys: ['Esc'], does: 'close' },
];

/** After `g` the next key names a place, within so long. */
const CHORD_MS = 1_500;
let chordAt = -Infinity;

/** Rows that keys walk over: `data-row` on what is focused; an element below it with `data-open` is followed. */
function rows(): readonly HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('main [data-row]')];
}

function step(by: 1 | -1): void {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[at === -1 ? (by === 1 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function press(selector: string): boolean {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) return false;
  if (found instanceof HTMLInputElement) found.focus();
  else found.click();
  return true;
}

/** The row that has the focus; with shift all since the last one. */
function select(shiftKey: boolean): void {
  const box = document.activeElement?.closest('[data-row]')?.querySelector<HTMLElement>('input[type=checkbox]');
  box?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey }));
}

function stepAside(by: 1 | -1): void {
  const href = neighbourOf(location.hash, by);
  if (href !== undefined) go(href);
}

const ACTS: Readonly<Record<string, () => void>> = {
  '/': () => void press('#find'),
  '?': () => {
    helpOpen.value = true;
  },
  u: () => go(to(route.value.path.slice(0, -1).filter((segment, at, all) => !(at === all.length - 1 && ['tasks', 'nodes'].includes(segment))))),
  j: () => step(1),
  k: () => step(-1),
  x: () => select(false),
  X: () => select(true),
  '[': () => stepAside(-1),
  ']': () => stepAside(1),
  '.': () => void press('main [data-menu]'),
  r: () => void press('main [data-rerun]'),
  f: () => void (press('main [data-follow]') || press('main [data-filter]')),
};

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName) || (target instanceof HTMLInputElement && target.type !== 'checkbox' && target.type !== 'radio'));
}

export function listenForKeys(): void {
  // Before the link is followed, while the list stands.
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('[data-row] [data-open]') !== null) rememberList(rows().flatMap((row) => row.querySelector('[data-open]')?.getAttribute('href') ?? []));
  }, { capture: true });
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isDialogOpen()) return;
    if (isTyping(event.target)) {
      if (event.key === 'Escape' && event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (event.key === 'Escape') helpOpen.value = false;
    const row = event.target instanceof HTMLElement && event.target.dataset['row'] !== undefined ? event.target : null;
    if (event.key === 'Enter' && row !== null) {
      row.querySelector<HTMLElement>('[data-open]')?.click();
      return;
    }
    if (keys.value === 'off') return;
    const act = actOf(event.key);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

function actOf(key: string): (() => void) | undefined {
  const isChord = performance.now() - chordAt < CHORD_MS;
  chordAt = -Infinity;
  const place = isChord ? PLACES.find((one) => one.key === key) : undefined;
  if (place !== undefined) return () => go(place.href);
  if (key === 'g') {
    chordAt = performance.now();
    return undefined;
  }
  return ACTS[key];
}
