import type { Command } from 'commander';
import { NOUNS, text } from '../resources/nouns.ts';
import { pages, pathOfList } from '../resources/requests.ts';
import { targetOf } from '../resources/target.ts';
import { nextOf, type Next } from './words.ts';

/** Nobody waits longer for a tab; ids are offered where they come in time. */
const PATIENCE_MS = 1_500;
const MOST_IDS = 1_000;

/** Prints what may come next, a word a line. Never fails: where nothing is known nothing is offered. */
export async function complete(program: Command, typed: readonly string[]): Promise<void> {
  const next = nextOf(program, typed);
  const ids = next.ids === null ? [] : await Promise.race([idsOf(next.ids), new Promise<readonly string[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref())]);
  for (const word of [...next.words, ...ids]) console.log(word);
}

async function idsOf({ noun, parent }: Next['ids'] & object): Promise<readonly string[]> {
  try {
    for await (const page of pages(targetOf({}), pathOfList(NOUNS[noun], parent), { $select: 'id', maxresults: String(MOST_IDS) })) return page.map((item) => text(item, 'id'));
  } catch {
    // No service, no such job: a shell shows nothing then.
  }
  return [];
}
