/** One thing done to many objects, each by a request of its own: the data plane has none for several. */
import type { ComponentChildren } from 'preact';
import { ServiceError } from '../../client/failure.ts';
import { showDialog, type DialogSpec } from '../../parts/Dialog.tsx';
import { Name } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { count, counted } from '../../text/format.ts';

export interface Many {
  readonly noun: string;
  readonly verb: string;
  /** As in `3 jobs are disabled`. */
  readonly done: string;
  readonly ids: readonly string[];
  /** Those that are left as they are, with why: `not active`. */
  readonly left: readonly { readonly why: string; readonly ids: readonly string[] }[];
  readonly danger?: boolean;
  /** Has to be typed before: what is gone is gone for good. */
  readonly typed?: boolean;
  readonly body: ComponentChildren;
  readonly each: (id: string, form: FormData) => Promise<void>;
}

const AT_ONCE = 4;
const NAMED = 8;

/** Says to which it would be done and to which not, asks, does it, and names those that refused with their reasons. */
export function confirmMany(many: Many): void {
  showDialog(dialogOf(many));
}

function dialogOf(many: Many): DialogSpec {
  const { noun, verb, ids, left, danger = false, typed = false, body } = many;
  const [only = ''] = ids;
  return {
    title: `${verb} ${counted(ids.length, noun)}?`,
    verb: `${verb} ${count(ids.length)}`,
    danger,
    ...(typed ? { typed: ids.length === 1 ? only : counted(ids.length, noun) } : {}),
    body: (
      <>
        {body}
        <Names ids={ids} />
        {left.filter((group) => group.ids.length > 0).map(({ why, ids: others }) => <div key={why}><h3>Left out, since {why}: {count(others.length)}</h3><Names ids={others} /></div>)}
      </>
    ),
    act: (form) => doEach(many, form),
  };
}

function Names({ ids }: { readonly ids: readonly string[] }) {
  return (
    <p class="names">
      {ids.slice(0, NAMED).map((id) => <Name key={id} mono most={40}>{id}</Name>)}
      {ids.length > NAMED ? <span class="soft">and {count(ids.length - NAMED)} more</span> : null}
    </p>
  );
}

interface Refusal {
  readonly id: string;
  readonly why: string;
}

async function doEach(many: Many, form: FormData): Promise<string | DialogSpec> {
  const { ids, noun, done, each } = many;
  const queue = [...ids];
  const refusals: Refusal[] = [];
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      try {
        await each(id, form);
      } catch (error) {
        refusals.push({ id, why: reasonOf(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (refusals.length === 0) return `${counted(ids.length, noun)} ${ids.length === 1 ? done.replace(/^are /, 'is ') : done}`;
  const failed = ids.filter((id) => refusals.some((refusal) => refusal.id === id));
  return {
    title: `${count(ids.length - failed.length)} of ${counted(ids.length, noun)} ${done}`,
    verb: `Try ${count(failed.length)} again`,
    body: (
      <>
        <p>{failed.length === 1 ? 'One was' : `${count(failed.length)} were`} refused:</p>
        <ul class="list">
          {failed.map((id) => <li key={id}><Name mono most={40}>{id}</Name> <span class="grow">{shown(refusals.find((refusal) => refusal.id === id)?.why ?? '')}</span></li>)}
        </ul>
      </>
    ),
    act: () => doEach({ ...many, ids: failed }, form),
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof ServiceError) return [`${error.code}: ${error.message}`, ...error.values.map(({ value }) => value)].join(' ');
  return error instanceof Error ? error.message : String(error);
}
