import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../base/errors.ts';
import { type ApiClient, refusalOf } from './client.ts';
import { isTooOld } from './errors.ts';
import { listAt, numberAt, textAt } from './json.ts';

/** The server ends what is followed after so long, and we go on from where we were. */
const FOLLOW_S = 240;
/** Bookmarks come each minute: one from which nothing comes is dead, whatever its connection says. */
const SILENT_MS = 270_000;
const PAGE = 500;
const WAIT_FIRST_MS = 250;
const WAIT_MOST_MS = 15_000;

type Change = { readonly kind: 'there' | 'gone'; readonly object: unknown };

/** Lists all objects of a selection, page by page, with the version from which they can be followed. */
export async function listAll(client: ApiClient, path: string, selector: string): Promise<{ readonly objects: readonly unknown[]; readonly version: string }> {
  const objects: unknown[] = [];
  let version = '';
  let rest = '';
  do {
    const query = new URLSearchParams({ labelSelector: selector, limit: String(PAGE), ...(rest === '' ? {} : { continue: rest }) });
    const page = await client.ask('GET', `${path}?${query.toString()}`);
    objects.push(...listAt(page, 'items'));
    version = textAt(page, 'metadata', 'resourceVersion') ?? version;
    rest = textAt(page, 'metadata', 'continue') ?? '';
  } while (rest !== '');
  return { objects, version };
}

export interface FollowOptions {
  readonly path: string;
  readonly selector: string;
  readonly signal: AbortSignal;
  /** All that is there: at the beginning, and whenever changes may have been missed. */
  readonly onAll: (objects: readonly unknown[]) => void;
  readonly onChange: (change: Change) => void;
  /** The API server is away, and asked again until it is back; null: it is back. */
  readonly onAway: (reason: string | null) => void;
}

/**
 * Lists, then follows from the version of the list, and from the last one seen whenever the connection ends. Where the
 * server has forgotten that version (410), it lists again. Resolves when the signal says so; never rejects.
 */
export async function follow(client: ApiClient, { path, selector, signal, onAll, onChange, onAway }: FollowOptions): Promise<void> {
  let version: string | null = null;
  let failures = 0;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      if (version === null) {
        const list = await listAll(client, path, selector);
        if (isOver()) return;
        version = list.version;
        onAll(list.objects);
        onAway(null);
      }
      const query = new URLSearchParams({ watch: '1', labelSelector: selector, resourceVersion: version, allowWatchBookmarks: 'true', timeoutSeconds: String(FOLLOW_S) });
      for await (const line of client.lines(`${path}?${query.toString()}`, { signal, silentMs: SILENT_MS })) {
        const [type, object] = [textAt(line, 'type'), Reflect.get(Object(line), 'object') as unknown];
        if (type === 'ERROR') throw refusalOf(numberAt(object, 'code') ?? 500, object);
        if (failures > 0) onAway(null);
        failures = 0;
        version = textAt(object, 'metadata', 'resourceVersion') ?? version;
        if (type === 'ADDED' || type === 'MODIFIED') onChange({ kind: 'there', object });
        else if (type === 'DELETED') onChange({ kind: 'gone', object });
      }
      // A server that ends what is followed at once is not asked in a circle.
      await delay(WAIT_FIRST_MS, undefined, { signal, ref: false }).catch(() => undefined);
    } catch (error) {
      if (isOver()) return;
      if (isTooOld(error)) {
        version = null;
        continue;
      }
      failures += 1;
      onAway(messageOf(error));
      await delay(Math.min(WAIT_MOST_MS, WAIT_FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
