import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ServiceError } from '../client/failure.ts';
import { refresh } from '../client/live.ts';
import { Fault } from './Card.tsx';
import { say } from './toasts.tsx';

export interface DialogSpec {
  readonly title: string;
  /** The verb, and the number that it is done to. */
  readonly verb: string;
  /** What it does, exactly; a function is called with each change of what stands in it. */
  readonly body: ComponentChildren;
  /** Can't be taken back: the focus starts on Cancel. */
  readonly danger?: boolean;
  readonly wide?: boolean;
  /** Has to be typed before. */
  readonly typed?: string;
  /** What is said afterwards, or shown in place of this; null: nothing. */
  readonly act: (form: FormData) => Promise<string | DialogSpec | null>;
}

const open = signal<DialogSpec | null>(null);

export function showDialog(spec: DialogSpec): void {
  open.value = spec;
}

export function isDialogOpen(): boolean {
  return open.value !== null;
}

export function Dialogs() {
  const spec = open.value;
  return spec === null ? null : <Dialog key={spec.title} spec={spec} />;
}

function Dialog({ spec }: { readonly spec: DialogSpec }) {
  const { title, verb, body, danger = false, wide = false, typed, act } = spec;
  const dialog = useRef<HTMLDialogElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ServiceError>();
  const [word, setWord] = useState('');
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    if (danger) cancel.current?.focus();
    // What it asks about is not on the screen any more.
    window.addEventListener('hashchange', close);
    return () => {
      window.removeEventListener('hashchange', close);
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const close = (): void => {
    open.value = null;
  };

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    setBusy(true);
    act(new FormData(event.currentTarget)).then(
      (said) => {
        close();
        if (typeof said === 'string') say('ok', said);
        else if (said !== null) showDialog(said);
        refresh();
      },
      (failure: unknown) => {
        setBusy(false);
        setError(failure instanceof ServiceError ? failure : new ServiceError({ status: 0, code: 'Page', message: failure instanceof Error ? failure.message : String(failure) }));
      },
    );
  }

  return (
    <dialog ref={dialog} class={wide ? 'wide' : undefined} aria-labelledby="dialog-title" onClose={close}>
      <form method="dialog" onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {body}
        {typed === undefined ? null : (
          <label class="field">
            <span>
              Type <bdi>{typed}</bdi> to go on
            </span>
            <input value={word} onInput={(event) => setWord(event.currentTarget.value)} autocomplete="off" />
          </label>
        )}
        {error === undefined ? null : <Fault error={error} />}
        <div class="foot">
          <button type="button" class="btn" ref={cancel} onClick={close}>
            Cancel
          </button>
          <button type="submit" class={`btn ${danger ? 'danger' : 'pri'}`} disabled={busy || (typed !== undefined && word !== typed)}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
