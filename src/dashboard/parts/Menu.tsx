import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './Icon.tsx';

export interface MenuItem {
  readonly word: string;
  readonly act: () => void;
  readonly danger?: boolean;
  /** It has a button of its own where there is room. */
  readonly narrow?: boolean;
}

/** Further actions, behind three dots. */
export function Menu({ items, label = 'More actions' }: { readonly items: readonly MenuItem[]; readonly label?: string }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    if (open && box.current !== null) place(box.current);
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    buttonsOf(box.current)[0]?.focus();
    const close = (event: Event): void => {
      if (!(event.target instanceof Node) || box.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('scroll', close, { capture: true });
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('scroll', close, { capture: true });
    };
  }, [open]);
  if (items.length === 0) return null;

  function onKeyDown(event: KeyboardEvent): void {
    const buttons = buttonsOf(box.current);
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === 'Escape') {
      setOpen(false);
      box.current?.querySelector<HTMLButtonElement>('.btn')?.focus();
      event.stopPropagation();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      buttons[(at + (event.key === 'ArrowDown' ? 1 : buttons.length - 1)) % buttons.length]?.focus();
      event.preventDefault();
    }
  }

  return (
    <div class="menu-box" ref={box} onKeyDown={onKeyDown}>
      <button type="button" class="btn sq" data-menu aria-label={label} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <Icon name="more" />
      </button>
      {open ? (
        <div class="menu" id={id}>
          {items.map(({ word, act, danger = false, narrow = false }) => (
            <button
              key={word}
              type="button"
              class={danger ? 'danger' : narrow ? 'narrow-only' : undefined}
              onClick={() => {
                setOpen(false);
                act();
              }}
            >
              {word}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

/** Those that are on the screen. */
function buttonsOf(box: HTMLElement | null): readonly HTMLButtonElement[] {
  return [...(box?.querySelectorAll<HTMLButtonElement>('.menu button') ?? [])].filter(({ offsetParent }) => offsetParent !== null);
}

const GAP_PX = 4;

/**
 * Below its button, or above where there is no room. In the window, since cards and tables cut off what goes beyond
 * them.
 */
function place(box: HTMLElement): void {
  const menu = box.querySelector<HTMLElement>('.menu');
  if (menu === null) return;
  const { top, bottom, right } = box.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const below = bottom + GAP_PX;
  menu.style.right = `${clientWidth - right}px`;
  menu.style.top = `${below + menu.offsetHeight <= clientHeight ? below : Math.max(0, top - GAP_PX - menu.offsetHeight)}px`;
}
