import { useEffect, useRef, useState } from 'preact/hooks';
import { scrollHeight, scrollTo, windowAt } from '../../charts/window.ts';
import { change, go, route } from '../../client/place.ts';
import { mayWrite } from '../../client/session.ts';
import type { TaskRow } from '../../client/own.ts';
import { Empty, Fault } from '../../parts/Card.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { TaskBadge } from '../../parts/states.tsx';
import { sayError } from '../../parts/toasts.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { count, duration, NONE } from '../../text/format.ts';
import { shortNode } from '../../text/clean.ts';
import { to } from '../../routes/route.ts';
import { confirmBulk, type Selection } from './bulk.tsx';
import { changeTasks } from './changeTasks.tsx';
import { filterOf, nextSort, TASK_FILTERS, type Asked } from './filters.ts';
import { idsBetween } from './range.ts';
import { useRows } from './useRows.ts';

const ROW_PX = 32;

interface Column {
  readonly id: string;
  readonly word: string;
  /** undefined: the service does not sort by it. */
  readonly sort?: string;
  readonly number?: true;
}

const COLUMNS: readonly Column[] = [
  { id: 'task', word: 'Task', sort: 'id' },
  { id: 'state', word: 'State', sort: 'state' },
  { id: 'exit', word: 'Exit', sort: 'exitCode', number: true },
  { id: 'node', word: 'Node' },
  { id: 'try', word: 'Retries', sort: 'retries', number: true },
  { id: 'started', word: 'Started', sort: 'started', number: true },
  { id: 'run', word: 'Run time', sort: 'runTime', number: true },
  { id: 'wait', word: 'Waited', sort: 'waitTime', number: true },
  { id: 'command', word: 'Command line' },
];

/** What the address asks for. */
function askedOf(query: Readonly<Record<string, string>>): Asked {
  return { state: query['state'] ?? '', node: query['node'] ?? '', text: query['q'] ?? '', sort: query['sort'] ?? 'number' };
}

/** More stand in no address. */
const MOST_IN_ADDRESS = 50;

/** The tasks that are selected, as the address has them; none any more once another list is shown. */
function useChosenTasks(list: string): readonly [ReadonlySet<string>, (ids: ReadonlySet<string>) => void] {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set((route.value.query['sel'] ?? '').split(' ').filter((id) => id !== '')));
  const shown = useRef(list);
  const set = (ids: ReadonlySet<string>): void => {
    setChosen(ids);
    change({ sel: ids.size > MOST_IN_ADDRESS ? '' : [...ids].join(' ') });
  };
  useEffect(() => {
    if (shown.current === list) return;
    shown.current = list;
    set(new Set());
  }, [list]);
  return [chosen, set];
}

/** All tasks of a job, however many: the service sorts and searches, the page holds what is on the screen. */
export function TaskTable({ job }: { readonly job: string }) {
  const asked = askedOf(route.value.query);
  const [chosen, setChosen] = useChosenTasks(JSON.stringify([job, asked]));
  const anchor = useRef<number | null>(null);
  const [isRested, setRested] = useState(false);
  const view = useRef<HTMLDivElement>(null);
  const [viewPx, setViewPx] = useState(480);
  const [scrollTop, setScrollTop] = useState(0);
  const known = useRef(1);
  const size = { rows: known.current, rowPx: ROW_PX, viewPx };
  const window = windowAt(scrollTop, size);
  const rows = useRows(job, asked, { from: window.from, until: window.until, holds: chosen.size > 0 || isRested });
  known.current = rows.total ?? known.current;
  const { total } = rows;

  useEffect(() => {
    const element = view.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setViewPx(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  /** With shift all rows since the last one. */
  function choose(id: string, index: number, isRange: boolean): void {
    const from = anchor.current;
    anchor.current = index;
    if (isRange && from !== null) {
      idsBetween(job, asked, from, index).then((ids) => setChosen(new Set([...chosen, ...ids])), sayError);
      return;
    }
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  }

  const selection = (): Selection => (chosen.size > 0 ? { ids: [...chosen] } : { filter: filterOf(asked), ...(asked.text === '' ? {} : { q: asked.text }), asOf: rows.rev });

  /** Rows that have come take their places. */
  function letGo(): void {
    setChosen(new Set());
    setRested(false);
  }

  // Nothing is left of what was selected: it was deleted, or is of this list no more.
  const isAllGone = chosen.size > 0 && [...chosen].every(rows.isGone);
  useEffect(() => {
    if (isAllGone) letGo();
  }, [isAllGone]);

  /** Arrow keys walk beyond what is drawn. */
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp' && event.key !== 'Home' && event.key !== 'End') return;
    const current = Number((event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-index]') : null)?.dataset['index'] ?? -1);
    if (total === undefined || total === 0) return;
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? total - 1 : Math.max(0, Math.min(total - 1, current + (event.key === 'ArrowDown' ? 1 : -1)));
    event.preventDefault();
    view.current?.scrollTo({ top: scrollTo(next, view.current.scrollTop, { rows: total, rowPx: ROW_PX, viewPx: view.current.clientHeight }) });
    requestAnimationFrame(() => view.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  }

  const indices = Array.from({ length: Math.max(0, Math.min(window.until, total ?? 0) - window.from) }, (_value, at) => window.from + at);
  return (
    <section class="card flush" aria-label="Tasks">
      <header>
        <div class="chips grow">
          {TASK_FILTERS.map(({ id, word }) => (
            <button key={id} type="button" class="chip" aria-pressed={asked.state === id} onClick={() => change({ state: id })}>
              {word}
            </button>
          ))}
          {asked.node === '' ? null : (
            <button type="button" class="chip" aria-pressed="true" onClick={() => change({ node: '' })}>
              node {shortNode(asked.node)} <Icon name="close" />
            </button>
          )}
          <input class="input filter" type="search" data-filter aria-label="Filter by id or command line" placeholder="id or command line" value={asked.text} onInput={(event) => change({ q: event.currentTarget.value })} />
          <span class="soft small" aria-live="polite">
            {total === undefined ? '' : `${rows.exact ? '' : 'at least '}${count(total)} ${total === 1 ? 'task' : 'tasks'}`}
          </span>
        </div>
        {mayWrite() && (chosen.size > 0 || ((asked.state !== '' || asked.text !== '') && (total ?? 0) > 0)) ? (
          <div class="chips" role="group" aria-label="With the selected tasks">
            <span class="small">{chosen.size > 0 ? `${count(chosen.size)} selected` : `all ${count(total ?? 0)}`}</span>
            <button type="button" class="btn s pri" data-rerun onClick={() => confirmBulk(job, 'rerun', selection())}>Rerun…</button>
            <button type="button" class="btn s" onClick={() => confirmBulk(job, 'terminate', selection())}>Terminate…</button>
            <button type="button" class="btn s" onClick={() => changeTasks(job, selection(), chosen.size > 0 ? chosen.size : (total ?? 0))}>Change…</button>
            <button type="button" class="btn s" onClick={() => confirmBulk(job, 'delete', selection())}>Delete…</button>
          </div>
        ) : null}
      </header>
      {rows.error === undefined ? null : <div class="card-pad"><Fault error={rows.error} /></div>}
      {rows.fresh === 0 ? null : <div class="fresh"><button type="button" onClick={letGo}>{count(rows.fresh)} new</button></div>}
      {total === 0 ? <div class="card-pad"><Empty>{asked.state === '' && asked.text === '' ? 'The job has no tasks.' : 'No task is like this.'}</Empty></div> : null}
      <div class="grid-view" ref={view} style={{ height: `${Math.min(520, 34 + Math.max(1, total ?? 8) * ROW_PX + 2)}px` }} onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)} hidden={total === 0} tabIndex={0} role="region" aria-label="Rows of tasks">
        <div class="grid" role="table" aria-label="Tasks" aria-rowcount={(total ?? 0) + 1} aria-busy={total === undefined} onKeyDown={onKeyDown}>
          <div class="grid-head" role="row" aria-rowindex={1}>
            <span role="columnheader"><span class="unseen">Selected</span></span>
            {COLUMNS.map((column) => (
              <Heading key={column.id} column={column} sort={asked.sort} />
            ))}
          </div>
          <div class="grid-room" role="rowgroup" onPointerEnter={() => setRested(true)} onPointerLeave={() => setRested(false)} onFocusIn={() => setRested(true)} onFocusOut={() => setRested(false)} style={{ height: `${scrollHeight({ rows: total ?? 0, rowPx: ROW_PX })}px` }}>
            {indices.map((index, place) => (
              <Row key={index % 64} job={job} index={index} top={window.topPx + place * ROW_PX} row={rows.at(index)} isGone={rows.isGone} chosen={chosen} choose={choose} />
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

function Heading({ column: { id, word, sort: by, number }, sort }: { readonly column: Column; readonly sort: string }) {
  const isBy = by !== undefined && sort.replace(/^-/, '') === by;
  const direction = isBy ? (sort.startsWith('-') ? 'descending' : 'ascending') : 'none';
  return (
    <span role="columnheader" class={`c-${id} ${number === true ? 'n' : ''}`} aria-sort={direction}>
      {by === undefined ? (
        word
      ) : (
        <button type="button" onClick={() => change({ sort: nextSort(sort, by) })}>
          {word}
          {isBy ? <Icon name={direction === 'descending' ? 'down' : 'up'} /> : null}
        </button>
      )}
    </span>
  );
}

interface RowProps {
  readonly job: string;
  readonly index: number;
  readonly top: number;
  readonly row: TaskRow | undefined;
  readonly isGone: (id: string) => boolean;
  readonly chosen: ReadonlySet<string>;
  readonly choose: (id: string, index: number, isRange: boolean) => void;
}

function Row({ job, index, top, row, isGone, chosen, choose }: RowProps) {
  if (row === undefined) return <div class="grid-row missing" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }} />;
  const { id, state, result, exitCode, node, pool, retries, startedAt, runMs, waitMs, commandLine = '' } = row;
  const href = to(['jobs', job, 'tasks', id]);
  return (
    <div class={isGone(id) ? 'grid-row gone' : 'grid-row'} role="row" aria-rowindex={index + 2} aria-selected={chosen.has(id)} data-row data-index={index} tabIndex={-1} style={{ transform: `translateY(${top}px)` }} onDblClick={() => go(href)}>
      <span role="cell" class="c-box">
        <input type="checkbox" aria-label={`Select ${id}`} checked={chosen.has(id)} onClick={(event) => choose(id, index, event.shiftKey)} />
      </span>
      <span role="cell" class="c-task"><a href={href} data-open><Name mono most={40}>{id}</Name></a></span>
      <span role="cell" class="c-state"><TaskBadge state={state} result={result} /></span>
      <span role="cell" class="c-exit n">{exitCode ?? NONE}</span>
      <span role="cell" class="c-node mono">{node === undefined ? NONE : <a href={to(['pools', pool ?? '', 'nodes', node])} title={node}>{shortNode(node)}</a>}</span>
      <span role="cell" class="c-try n">{retries}</span>
      <span role="cell" class="c-started n"><Time at={startedAt} /></span>
      <span role="cell" class="c-run n">{runMs === undefined ? NONE : duration(runMs)}</span>
      <span role="cell" class="c-wait n">{waitMs === undefined ? NONE : duration(waitMs)}</span>
      <span role="cell" class="c-command line"><Name mono most={160}>{commandLine}</Name></span>
    </div>
  );
}
