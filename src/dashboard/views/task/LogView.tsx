import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ServiceError } from '../../client/failure.ts';
import { now } from '../../client/live.ts';
import { change, route } from '../../client/place.ts';
import { ask } from '../../client/request.ts';
import { wrapLogs } from '../../client/settings.ts';
import { Empty, Fault } from '../../parts/Card.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { plainText, PLAIN, spansOf, type Style } from '../../text/ansi.ts';
import { shown, shownInLine } from '../../text/clean.ts';
import { bytes as bytesText, count } from '../../text/format.ts';
import { isBinary, linesOf, type LogLine } from '../../text/logLines.ts';
import { downloadFile } from './download.ts';
import { earlier, grown, later, openLog, type LogPart } from './logFile.ts';

const CHUNK_LINES = 100;
const LONGEST_LINE = 4_000;
/** So near to an edge more is read. */
const EDGE_PX = 120;

interface LogProps {
  /** Of the file in the API. */
  readonly path: string;
  readonly name: string;
  /** Whether more may come. */
  readonly live: boolean;
}

/** A file as it grows: at its end until somebody scrolls up. */
export function LogView({ path, name, live }: LogProps) {
  const asked = route.value.query['from'];
  const [part, setPart] = useState<LogPart>();
  const [error, setError] = useState<ServiceError>();
  const [follow, setFollow] = useState(asked === undefined);
  const [missed, setMissed] = useState(0);
  const [find, setFind] = useState(route.value.query['find'] ?? '');
  const [hit, setHit] = useState(0);
  const view = useRef<HTMLDivElement>(null);
  const busy = useRef(false);
  const anchor = useRef<number | null>(null);

  function load(work: (signal: AbortSignal) => Promise<LogPart>): void {
    if (busy.current) return;
    busy.current = true;
    work(new AbortController().signal).then(
      (loaded) => {
        busy.current = false;
        setError(undefined);
        setPart(loaded);
      },
      (failure: unknown) => {
        busy.current = false;
        if (failure instanceof ServiceError) setError(failure);
      },
    );
  }

  useEffect(() => {
    setPart(undefined);
    load((signal) => openLog(path, asked === undefined ? null : Number(asked), signal));
  }, [path]);

  const second = live ? Math.floor(now.value / 1_000) : 0;
  useEffect(() => {
    if (part !== undefined && live) load((signal) => grown(path, part, signal));
    else if (part === undefined && error?.status === 404) load((signal) => openLog(path, null, signal));
  }, [second]);

  const lines = useMemo(() => (part === undefined ? [] : linesOf(part.bytes, part.from)), [part?.bytes]);
  const binary = part !== undefined && isBinary(part.bytes);
  const lineCount = useRef(0);

  useLayoutEffect(() => {
    const element = view.current;
    if (element === null) return;
    if (anchor.current !== null) {
      element.scrollTop += element.scrollHeight - anchor.current;
      anchor.current = null;
    } else if (follow) element.scrollTop = element.scrollHeight;
    else if (lines.length > lineCount.current && lineCount.current > 0) setMissed((before) => before + lines.length - lineCount.current);
    lineCount.current = lines.length;
  }, [lines]);

  function onScroll(): void {
    const element = view.current;
    if (element === null || part === undefined) return;
    const fromEnd = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (fromEnd > 40 && follow) setFollow(false);
    if (fromEnd < 4 && part.until >= part.size && !follow) toEnd();
    if (element.scrollTop < EDGE_PX && part.from > 0 && !busy.current) {
      anchor.current = element.scrollHeight;
      load((signal) => earlier(path, part, signal));
    } else if (fromEnd < EDGE_PX && part.until < part.size) load((signal) => later(path, part, signal));
  }

  function toEnd(): void {
    setFollow(true);
    setMissed(0);
    if (part !== undefined && part.until < part.size) load((signal) => openLog(path, null, signal));
    else view.current?.scrollTo({ top: view.current.scrollHeight });
  }

  function goTo(byte: number): void {
    setFollow(false);
    change({ from: String(byte) });
    load((signal) => openLog(path, byte, signal));
  }

  const hits = useHits({ path, find, lines });
  function toHit(index: number): void {
    if (hits.at.length === 0) return;
    const next = (index + hits.at.length) % hits.at.length;
    setHit(next);
    setFollow(false);
    const byte = hits.at[next] ?? 0;
    const line = lines.findLast(({ at }) => at <= byte);
    if (line === undefined || part === undefined || byte < part.from || byte > part.until) goTo(Math.max(0, byte - 2_000));
    else view.current?.querySelector(`[data-at="${line.at}"]`)?.scrollIntoView({ block: 'center' });
  }

  if (error !== undefined && part === undefined) return error.status === 404 ? <Empty>{live ? `There is no ${shownInLine(name)} yet.` : `There is no ${shownInLine(name)}: nothing was written, or its files were not kept.`}</Empty> : <Fault error={error} />;
  const size = part?.size ?? 0;
  return (
    <div class="log">
      <div class="log-tools">
        <b class="soft small" title={`${count(size)} bytes`}>{bytesText(size)}</b>
        {live ? (
          <button type="button" class="chip" data-follow aria-pressed={follow} onClick={() => (follow ? setFollow(false) : toEnd())}>
            Follow
          </button>
        ) : null}
        <button type="button" class="chip" aria-pressed={wrapLogs.value === 'on'} onClick={() => (wrapLogs.value = wrapLogs.value === 'on' ? 'off' : 'on')}>
          Wrap
        </button>
        <input
          class="input filter"
          type="search"
          aria-label="Find in the file"
          placeholder="find"
          value={find}
          onInput={(event) => {
            setFind(event.currentTarget.value);
            change({ find: event.currentTarget.value });
            setHit(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') toHit(event.shiftKey ? hit - 1 : hits.at.length === 0 ? 0 : hit + (hits.seen ? 1 : 0));
          }}
        />
        {find === '' ? null : (
          <span class="small soft" aria-live="polite">
            {hits.at.length === 0 ? 'not found' : `${hit + 1} of ${count(hits.at.length)}`}
            {hits.whole ? '' : ' in the part shown'}
            <button type="button" class="tool" aria-label="Previous" onClick={() => toHit(hit - 1)}><Icon name="up" /></button>
            <button type="button" class="tool" aria-label="Next" onClick={() => toHit(hit + 1)}><Icon name="down" /></button>
          </span>
        )}
        <span class="grow" />
        <button type="button" class="link" onClick={() => goTo(0)}>Beginning</button>
        <button type="button" class="link" onClick={toEnd}>End</button>
        <button type="button" class="link" onClick={() => downloadFile(path, name, size)}>Download</button>
      </div>
      {part?.replaced === true ? <p class="log-note">The file was replaced: a later attempt writes it.</p> : null}
      <div class={`log-view ${wrapLogs.value === 'on' ? 'wrap' : ''}`} ref={view} onScroll={onScroll} tabIndex={0} role="log" aria-label={shownInLine(name)} aria-live="off">
        {part === undefined ? null : binary ? <Hex part={part} /> : lines.length === 0 ? <p class="soft">The file is empty{live ? ' so far' : ''}.</p> : <Lines lines={lines} find={find} current={hits.at[hit]} />}
      </div>
      {!follow && missed > 0 ? (
        <button type="button" class="btn s pri log-more" onClick={toEnd}>
          {count(missed)} new lines <Icon name="down" />
        </button>
      ) : null}
    </div>
  );
}

interface Hits {
  readonly at: readonly number[];
  /** Whether the whole file was searched. */
  readonly whole: boolean;
  readonly seen: boolean;
}

const TYPING_MS = 250;

/** Where the service searches a file of a task, whose name is one segment there; null: a node's. */
function findPathOf(path: string): string | null {
  const [, task, name] = /^(\/jobs\/[^/]+\/tasks\/[^/]+)\/files\/(.+)$/.exec(path) ?? [];
  return task === undefined || name === undefined ? null : `/linarite${task}/files/${name.replaceAll('/', '%2F')}/find`;
}

/** Places of a text in a part of a file, up to `through`. */
interface FoundInFile {
  readonly offsets: readonly number[];
  readonly through: number;
  readonly size: number;
}

const MOST_FOUND = 1_000;

/** Goes on until the end of the file, telling what was found so far. */
async function findAll(path: string, text: string, signal: AbortSignal, tell: (offsets: readonly number[]) => void): Promise<void> {
  const offsets: number[] = [];
  for (let from = 0; ; ) {
    const found = await ask<FoundInFile>(path, { query: { text, from }, signal });
    offsets.push(...found.offsets);
    tell(offsets.slice(0, MOST_FOUND));
    if (found.through >= found.size || found.through <= from || offsets.length >= MOST_FOUND) return;
    from = found.through;
  }
}

/** The service searches the whole file; the page what it has, until it is told. */
function useHits({ path, find, lines }: { readonly path: string; readonly find: string; readonly lines: readonly LogLine[] }): Hits {
  const [found, setFound] = useState<{ readonly find: string; readonly offsets: readonly number[] }>();
  useEffect(() => {
    if (find === '') return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const place = findPathOf(path);
      if (place !== null) findAll(place, find, controller.signal, (offsets) => setFound({ find, offsets })).catch(() => undefined);
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [path, find]);
  return useMemo(() => {
    if (find === '') return { at: [], whole: true, seen: false };
    if (found?.find === find && Array.isArray(found.offsets)) return { at: found.offsets, whole: true, seen: true };
    const wanted = find.toLowerCase();
    return { at: lines.filter(({ text }) => plainText(text).toLowerCase().includes(wanted)).map(({ at }) => at), whole: false, seen: true };
  }, [find, found, lines]);
}

function Lines({ lines, find, current }: { readonly lines: readonly LogLine[]; readonly find: string; readonly current: number | undefined }) {
  let style: Style = PLAIN;
  const chunks: { readonly lines: readonly LogLine[]; readonly style: Style }[] = [];
  for (let at = 0; at < lines.length; at += CHUNK_LINES) {
    const chunk = lines.slice(at, at + CHUNK_LINES);
    chunks.push({ lines: chunk, style });
    for (const { text } of chunk) if (text.includes('\u001b')) ({ style } = spansOf(text, style));
  }
  return (
    <>
      {chunks.map((chunk) => (
        <Chunk key={chunk.lines[0]?.at} lines={chunk.lines} style={chunk.style} find={find} current={current} />
      ))}
    </>
  );
}

function Chunk({ lines, style: from, find, current }: { readonly lines: readonly LogLine[]; readonly style: Style; readonly find: string; readonly current: number | undefined }) {
  const last = lines.at(-1);
  const key = `${lines.length} ${last?.at ?? 0} ${last?.text.length ?? 0} ${find} ${current !== undefined && current >= (lines[0]?.at ?? 0) && current <= (last?.at ?? 0) + (last?.text.length ?? 0) ? current : ''}`;
  const drawn = useMemo(() => {
    let style = from;
    return lines.map(({ at, text }) => {
      const { spans, style: next } = spansOf(text.length > LONGEST_LINE ? text.slice(0, LONGEST_LINE) : text, style);
      style = next;
      const isHit = find !== '' && plainText(text).toLowerCase().includes(find.toLowerCase());
      const isCurrent = current !== undefined && current >= at && current <= at + text.length;
      return (
        <div key={at} data-at={at} class={isCurrent && isHit ? 'current' : isHit ? 'hit' : undefined}>
          {spans.length === 0 ? '\u200b' : spans.map((span, index) => (span.style === '' ? shown(span.text) : <span key={index} class={span.style}>{shown(span.text)}</span>))}
          {text.length > LONGEST_LINE ? <span class="soft"> … {count(text.length - LONGEST_LINE)} more characters</span> : null}
        </div>
      );
    });
  }, [key]);
  return <div class="log-chunk" style={{ containIntrinsicSize: `auto ${lines.length * 18}px` }}>{drawn}</div>;
}

const HEX_BYTES = 4_096;

function Hex({ part: { bytes, from } }: { readonly part: LogPart }) {
  const rows = Array.from({ length: Math.ceil(Math.min(bytes.length, HEX_BYTES) / 16) }, (_value, row) => {
    const slice = [...bytes.subarray(row * 16, row * 16 + 16)];
    const hex = slice.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = slice.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    return `${(from + row * 16).toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${text}`;
  });
  return <div>{`${rows.join('\n')}${bytes.length > HEX_BYTES ? '\n…' : ''}`}</div>;
}
