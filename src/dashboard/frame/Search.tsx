import { useRef, useState } from 'preact/hooks';
import { idsOf } from '../client/batch.ts';
import { go } from '../client/place.ts';
import { useResource } from '../client/resource.ts';
import { Icon } from '../parts/Icon.tsx';
import { Name } from '../parts/text.tsx';
import { to } from '../routes/route.ts';

interface Found {
  readonly kind: 'job' | 'pool' | 'task';
  readonly word: string;
  readonly href: string;
}

const MOST = 8;

/** Jobs and pools whose ids hold the text; `JOB/TASK` goes to a task. */
async function search(text: string, signal: AbortSignal): Promise<readonly Found[]> {
  const [job = '', task] = text.split('/');
  if (task !== undefined && task !== '') return [{ kind: 'task', word: text, href: to(['jobs', job, 'tasks', task]) }];
  const [jobs, pools] = await Promise.all([idsOf('/jobs', text, { most: MOST, signal }), idsOf('/pools', text, { most: MOST, signal })]);
  return [
    ...jobs.map((id) => ({ kind: 'job' as const, word: id, href: to(['jobs', id]) })),
    ...pools.map((id) => ({ kind: 'pool' as const, word: id, href: to(['pools', id]) })),
  ].slice(0, MOST);
}

/** The box in the bar. */
export function Search() {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const { data: found = [] } = useResource(open && text.trim() !== '' ? text.trim() : null, (signal) => search(text.trim(), signal), { beats: 0 });

  function leave(): void {
    setOpen(false);
    setText('');
    input.current?.blur();
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      setAt((at + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(1, found.length));
      event.preventDefault();
    } else if (event.key === 'Enter') {
      const chosen = found[at];
      if (chosen === undefined) return;
      go(chosen.href);
      leave();
    } else if (event.key === 'Escape') {
      leave();
    }
  }

  return (
    <div class="find" role="search">
      <Icon name="search" />
      <input
        id="find"
        ref={input}
        type="search"
        role="combobox"
        list={undefined}
        aria-label="Find a job, pool or task"
        aria-expanded={open && text !== ''}
        aria-controls="found"
        aria-activedescendant={found[at] === undefined ? undefined : `found-${at}`}
        placeholder="Find a job, pool or job/task"
        autocomplete="off"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setTimeout(() => setOpen(false), 150)}
      />
      <kbd>/</kbd>
      {open && text !== '' ? (
        <div class="found" id="found" role="listbox" aria-label="Found">
          {found.length === 0 ? <p role="option" aria-selected="false">Nothing has this in its id.</p> : null}
          {found.map(({ kind, word, href }, index) => (
            <a key={href} id={`found-${index}`} href={href} role="option" aria-selected={index === at} onClick={leave} tabIndex={-1}>
              <Icon name={kind === 'pool' ? 'pool' : 'job'} />
              <Name>{word}</Name>
              <span class="soft small">{kind}</span>
            </a>
          ))}
        </div>
      ) : null}
    </div>
  );
}
