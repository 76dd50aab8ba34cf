import { signal } from '@preact/signals';
import { ServiceError } from '../client/failure.ts';
import { refresh } from '../client/live.ts';
import { shown } from '../text/clean.ts';
import { Icon } from './Icon.tsx';

interface Toast {
  readonly number: number;
  readonly kind: 'ok' | 'bad';
  readonly text: string;
  readonly undo?: { readonly word: string; readonly act: () => Promise<void> } | undefined;
}

const toasts = signal<readonly Toast[]>([]);
let made = 0;
const SHOWN_MS = { ok: 6_000, bad: 20_000 } as const;

function dismiss(number: number): void {
  toasts.value = toasts.value.filter((toast) => toast.number !== number);
}

export function say(kind: Toast['kind'], text: string, undo?: Toast['undo']): void {
  made += 1;
  const number = made;
  toasts.value = [...toasts.value.slice(-3), { number, kind, text, undo }];
  setTimeout(() => dismiss(number), SHOWN_MS[kind]);
}

export function sayError(error: unknown): void {
  const values = error instanceof ServiceError ? error.values.map(({ value }) => value).join(' ') : '';
  say('bad', error instanceof ServiceError ? `${error.code}: ${error.message} ${values}` : String(error));
}

/** Does something small that can be taken back, at once, and says so. */
export function atOnce(text: string, act: () => Promise<void>, undo?: Toast['undo']): void {
  act().then(() => {
    say('ok', text, undo);
    refresh();
  }, sayError);
}

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite" role="status">
      {toasts.value.map(({ number, kind, text, undo }) => (
        <div key={number} class={`toast ${kind}`}>
          <p>{shown(text)}</p>
          {undo === undefined ? null : (
            <button
              type="button"
              class="btn s"
              onClick={() => {
                dismiss(number);
                undo.act().then(refresh, sayError);
              }}
            >
              {undo.word}
            </button>
          )}
          <button type="button" class="tool" aria-label="Dismiss" onClick={() => dismiss(number)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
