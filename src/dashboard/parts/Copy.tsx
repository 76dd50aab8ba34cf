import { Icon } from './Icon.tsx';
import { say } from './toasts.tsx';

/** Puts the whole of a text on the clipboard. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <button type="button" class="tool" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={() => void navigator.clipboard.writeText(text).then(() => say('ok', `Copied: ${what}`), () => say('bad', 'The browser does not let the page copy.'))}>
      <Icon name="copy" />
    </button>
  );
}
