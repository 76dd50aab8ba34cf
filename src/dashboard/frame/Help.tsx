import { useEffect, useRef } from 'preact/hooks';
import { keys } from '../client/settings.ts';
import { helpOpen, KEY_HELP } from './keys.ts';

/** The keys that do something. */
export function Help() {
  return helpOpen.value ? <KeyList /> : null;
}

function KeyList() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <form method="dialog">
        <h2 id="help-title">Keys</h2>
        <dl class="facts">
          {KEY_HELP.map(({ keys: pressed, does }) => [
            <dt key={`${does} keys`}>
              {pressed.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>,
            <dd key={does}>{does}</dd>,
          ])}
        </dl>
        <label>
          <input type="checkbox" checked={keys.value === 'on'} onChange={(event) => (keys.value = event.currentTarget.checked ? 'on' : 'off')} /> Single keys do something
        </label>
        <div class="foot">
          <button type="submit" class="btn pri">
            Close
          </button>
        </div>
      </form>
    </dialog>
  );
}
