import { CommandError, EXIT } from '../errors.ts';
import { ACTIONS, CREATION, ENDINGS, type Action, type Values } from './actions.ts';
import { bodyOf } from './body.ts';
import { found, idOfOne, idsOf, one, type Place } from './find.ts';
import { confirm, onEach } from './many.ts';
import { NOUNS, type NounName } from './nouns.ts';
import { printList, printValue, type OutputFlags } from './output.ts';
import { operate, pathOf, pathOfList, withQuery } from './requests.ts';
import { isEmpty, isOfIds, readSelection, type Selection, type SelectionFlags } from './selection.ts';
import { targetOf, type TargetFlags } from './target.ts';
import { waitFor } from './wait.ts';

/** What all of these commands may have. */
export interface CommonFlags extends TargetFlags, SelectionFlags {
  /** As az names what a resource belongs to, and the resource itself. */
  readonly poolId?: string;
  readonly nodeId?: string;
  readonly jobId?: string;
  readonly taskId?: string;
  readonly jobScheduleId?: string;
}

interface WaitFlags {
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** `linarite task list JOB [TASKS…]`. @throws CommandError failure, usage, notRunning. */
export async function list(name: NounName, words: readonly string[], flags: CommonFlags & OutputFlags & { readonly filter?: string }): Promise<void> {
  const { place, selection } = await placeOf(name, words, flags);
  const { output, query } = flags;
  const select = query !== undefined ? null : output === 'table' ? place.noun.select : output === 'id' && isOfIds(selection) ? 'id' : null;
  const count = await printList(found(place, selection, select), flags, { columns: place.noun.columns, now: Date.now(), print: console.log });
  if (count === 0 && output === 'table') console.error(`no ${place.noun.plural}`);
}

/** `linarite task show JOB TASK`. @throws CommandError failure, usage, notRunning. */
export async function show(name: NounName, words: readonly string[], flags: CommonFlags & OutputFlags): Promise<void> {
  const { place, id } = await placeOfOne(name, words, flags);
  await printValue(await one(place, id), flags, { print: console.log });
}

/** `linarite job create --id J --pool-id P`, or `--json-file F`. @throws CommandError failure, usage, notRunning. */
export async function create(name: Exclude<NounName, 'node'>, words: readonly string[], flags: CommonFlags & OutputFlags & WaitFlags & { readonly jsonFile?: string } & Values): Promise<void> {
  const { place, rest } = name === 'task' ? await parentOf(name, words, flags) : { place: { connection: targetOf(flags), noun: NOUNS[name], parentId: undefined }, rest: words };
  if (rest.length > 0) throw new CommandError(EXIT.usage, `${rest[0] ?? ''} is too much: the id goes with --id`);
  const body = bodyOf(CREATION[name], flags, flags.jsonFile);
  if (Object.keys(body).length === 0) throw new CommandError(EXIT.usage, `say what the ${name} is: by flags, or by --json-file`);
  await operate(place.connection, { method: 'POST', path: withQuery(pathOfList(place.noun, place.parentId)), body });
  const id = String(body['id']);
  if (flags.wait === true) await report(place, [id], flags, ENDINGS[name]);
  const { output } = flags;
  if (output === 'table' && flags.query === undefined) console.log(id);
  else await printValue(await one(place, id), flags, { print: console.log });
}

/** Any action of the table. @throws CommandError failure, usage, notRunning. */
export async function act(action: Action, words: readonly string[], flags: CommonFlags & WaitFlags & { readonly yes?: boolean; readonly jsonFile?: string } & Values): Promise<void> {
  const { place, selection } = await placeOf(action.noun, words, flags);
  if (isEmpty(selection)) throw new CommandError(EXIT.usage, `name ${place.noun.plural}, or say which: last, a pattern like 'a-*', --state, --failed or --all`);
  const { flags: properties = [], takesFile = false, isOver } = action;
  const body = bodyOf(properties, flags, takesFile ? flags.jsonFile : undefined);
  if ((takesFile || action.verb === 'resize') && Object.keys(body).length === 0 && flags['abort'] !== true) throw new CommandError(EXIT.usage, 'say what is to change');
  const ids = await idsOf(place, selection);
  if (ids.length === 0) return console.error(`no ${place.noun.plural}`);
  await confirm(action, place, { ids, selection, yes: flags.yes === true });
  const done = await onEach(place, ids, async (id) => {
    const suffix = typeof action.suffix === 'string' ? action.suffix : action.suffix(flags);
    const query = flags['force'] === true && action.force !== undefined ? { force: 'true' } : {};
    await operate(place.connection, { method: action.method, path: withQuery(`${pathOf(place.noun, place.parentId, id)}${suffix}`, query), ...(properties.length === 0 && !takesFile ? {} : { body }) });
    console.log(`${place.noun.name} ${id}: ${action.verb}`);
  });
  if (flags.wait === true && isOver !== undefined) await report(place, done, flags, isOver);
}

/**
 * `linarite node delete`: one request takes them out of their pool. @throws CommandError failure, usage, notRunning.
 */
export async function removeNodes(words: readonly string[], flags: CommonFlags & WaitFlags & { readonly yes?: boolean; readonly nodeDeallocationOption?: string }): Promise<void> {
  const { place, selection } = await placeOf('node', words, flags);
  if (isEmpty(selection)) throw new CommandError(EXIT.usage, "name nodes, or say which: last, a pattern like 'a-*', --state, --failed or --all");
  const nodeList = await idsOf(place, selection);
  if (nodeList.length === 0) return console.error('no nodes');
  await confirm({ verb: 'delete', isDestructive: true }, place, { ids: nodeList, selection, yes: flags.yes === true });
  const { nodeDeallocationOption } = flags;
  await operate(place.connection, { method: 'POST', path: withQuery(`${pathOf(NOUNS.pool, undefined, place.parentId ?? '')}/removenodes`), body: { nodeList, ...(nodeDeallocationOption === undefined ? {} : { nodeDeallocationOption }) } });
  for (const id of nodeList) console.log(`node ${id}: delete`);
  if (flags.wait === true) await report(place, nodeList, flags, (node) => node === undefined);
}

/**
 * `linarite job wait J…`. Exit code 1: one of them is no success. @throws CommandError failure, usage, timedOut,
 * notRunning.
 */
export async function wait(name: NounName, words: readonly string[], flags: CommonFlags & WaitFlags): Promise<void> {
  const { place, selection } = await placeOf(name, words, flags);
  const ids = await idsOf(place, isEmpty(selection) ? { ...selection, all: true } : selection);
  if (ids.length === 0) return console.error(`no ${place.noun.plural}`);
  // One that is not there is no success either.
  await onEach(place, isOfIds(selection) ? ids : [], async (id) => void (await one(place, id)));
  await report(place, ids, flags, ENDINGS[name]);
}

async function report(place: Place, ids: readonly string[], { timeout }: WaitFlags, isOver: Action['isOver'] & object): Promise<void> {
  const tell = (id: string, trouble: string | null): void => console.error(`${place.noun.name} ${id}: ${trouble ?? 'done'}`);
  if ((await waitFor(place, ids, { isOver, timeoutMs: timeout ?? null, tell })) > 0) process.exitCode = EXIT.failure;
}

/** Where, and what of it. @throws CommandError */
export async function placeOf(name: NounName, words: readonly string[], flags: CommonFlags): Promise<{ readonly place: Place; readonly selection: Selection }> {
  const { place, rest } = await parentOf(name, words, flags);
  return { place, selection: readSelection(place.noun, withOwn(name, rest, flags), flags) };
}

/** Where, and which one: by its id, `last` or a pattern that fits it alone. @throws CommandError */
export async function placeOfOne(name: NounName, words: readonly string[], flags: CommonFlags): Promise<{ readonly place: Place; readonly id: string }> {
  const { place, rest } = await parentOf(name, words, flags);
  const [word, ...more] = withOwn(name, rest, flags);
  if (word === undefined || more.length > 0) throw new CommandError(EXIT.usage, `name one ${name}`);
  return { place, id: await idOfOne(place, word) };
}

/** The first word names what the resources belong to, unless a flag does. */
async function parentOf(name: NounName, words: readonly string[], flags: CommonFlags): Promise<{ readonly place: Place; readonly rest: readonly string[] }> {
  const connection = targetOf(flags);
  const noun = NOUNS[name];
  if (noun.parent === null) return { place: { connection, noun, parentId: undefined }, rest: words };
  const given = noun.parent === 'pool' ? flags.poolId : flags.jobId;
  const [first, ...others] = words;
  const word = given ?? first;
  if (word === undefined) throw new CommandError(EXIT.usage, `name the ${noun.parent} first`);
  const parentId = await idOfOne({ connection, noun: NOUNS[noun.parent], parentId: undefined }, word);
  return { place: { connection, noun, parentId }, rest: given === undefined ? others : words };
}

/** The word of a flag that az names a resource by stands beside those without flags. */
function withOwn(name: NounName, words: readonly string[], flags: CommonFlags): readonly string[] {
  const own = { pool: flags.poolId, node: flags.nodeId, job: flags.jobId, task: flags.taskId, schedule: flags.jobScheduleId }[name];
  return own === undefined ? words : [...words, own];
}

/** Actions of a kind of resources. */
export function actionsOf(name: NounName): readonly Action[] {
  return ACTIONS.filter(({ noun }) => noun === name);
}
