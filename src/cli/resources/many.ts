import { createInterface } from 'node:readline/promises';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { inParallel } from '../run/concurrency.ts';
import type { Action } from './actions.ts';
import { REQUESTS } from './find.ts';
import { isOfIds, type Selection } from './selection.ts';

/** Several of a kind that something is done to. */
interface Group {
  readonly noun: { readonly name: string; readonly plural: string; readonly parent: string | null };
  /** Of a noun that belongs to another one. */
  readonly parentId: string | undefined;
}

/** Goes on after a refusal, which is told. Returns those that were not refused. @throws CommandError notRunning. */
export async function onEach({ noun }: Group, ids: readonly string[], work: (id: string) => Promise<void>): Promise<readonly string[]> {
  const done: string[] = [];
  await inParallel(ids, REQUESTS, async (id) => {
    try {
      await work(id);
      done.push(id);
    } catch (error) {
      if (!(error instanceof CommandError) || error.exitCode !== EXIT.failure) throw error;
      console.error(`linarite: ${noun.name} ${id}: ${messageOf(error)}`);
      process.exitCode = EXIT.failure;
    }
  });
  return done;
}

/**
 * What was not named one by one is asked about, or insisted on by `--yes`. @throws CommandError: usage where nobody can
 * be asked, failure for a no.
 */
export async function confirm({ verb, isDestructive = false }: Pick<Action, 'verb' | 'isDestructive'>, { noun, parentId }: Group, { ids, selection, yes }: { readonly ids: readonly string[]; readonly selection: Selection; readonly yes: boolean }): Promise<void> {
  if (yes || !isDestructive || isOfIds(selection)) return;
  const what = `${verb} ${ids.length === 1 ? `${noun.name} ${ids[0] ?? ''}` : `${ids.length} ${noun.plural}`}${parentId === undefined ? '' : ` of ${noun.parent ?? ''} ${parentId}`}`;
  if (!process.stdin.isTTY) throw new CommandError(EXIT.usage, `this would ${what}: say --yes`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${what}: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}? [y/N] `);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.failure, 'nothing was done');
}
