import { CommandError, EXIT } from '../errors.ts';
import { ask, type Connection } from '../ownOperations.ts';
import { confirm, onEach } from '../resources/many.ts';
import { at, text, type Column, type Item } from '../resources/nouns.ts';
import { printList, printValue, type OutputFlags } from '../resources/output.ts';
import { isMeant, isOfIds, newestOf, readSelection, type Selection, type SelectionFlags } from '../resources/selection.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';
import { pathOfApp } from './app.ts';

interface ListFlags extends TargetFlags, SelectionFlags, OutputFlags {
  /** As it was written before `--output` was there. */
  readonly json?: boolean;
}

/** A kind of what the service has for `app` (docs/applications.md). */
interface Kind {
  readonly name: 'application' | 'package';
  readonly plural: string;
  readonly parent: 'application' | null;
  readonly states: readonly string[];
  readonly isFailed: (item: Item) => boolean;
  readonly columns: readonly Column[];
}

const APPLICATION: Kind = {
  name: 'application',
  plural: 'applications',
  parent: null,
  states: [],
  isFailed: () => false,
  columns: [
    { heading: 'application', value: (item) => text(item, 'id') },
    { heading: 'name', value: (item) => text(item, 'properties.displayName') },
    { heading: 'default', value: (item) => text(item, 'properties.defaultVersion') },
    { heading: 'updates', value: (item) => (at(item, 'properties.allowUpdates') === false ? 'no' : 'yes') },
  ],
};

const PACKAGE: Kind = {
  name: 'package',
  plural: 'packages',
  parent: 'application',
  states: ['Pending', 'Active'],
  isFailed: () => false,
  columns: [
    { heading: 'version', value: (item) => text(item, 'id') },
    { heading: 'state', value: (item) => text(item, 'properties.state') },
    { heading: 'activated', value: (item) => text(item, 'properties.lastActivationTime') },
  ],
};

/** What words and flags name: applications, or packages of one. */
interface Meant {
  readonly noun: Kind;
  /** The application, of packages. */
  readonly parentId: string | undefined;
  readonly selection: Selection;
}

/** `linarite app list [APPLICATION [VERSIONS…]]`, or patterns of applications. @throws CommandError */
export async function list(words: readonly string[], { json, output, ...flags }: ListFlags): Promise<void> {
  const [first, ...versions] = words;
  const meant = first === undefined || isPattern(first) ? applications(words, flags) : packages(first, versions, flags);
  const { noun } = meant;
  const format = json === true ? 'json' : output;
  async function* found(): AsyncGenerator<readonly Item[]> {
    yield await foundOf(targetOf(flags), meant);
  }
  const count = await printList(found(), { ...flags, output: format }, { columns: noun.columns, now: Date.now(), print: console.log });
  if (count === 0 && format === 'table') console.error(`no ${noun.plural}`);
}

/** `linarite app show APPLICATION [VERSION]`. @throws CommandError */
export async function show(id: string, version: string | undefined, flags: TargetFlags & OutputFlags): Promise<void> {
  const item = JSON.parse(await ask(targetOf(flags), { path: pathOfApp(id, version) })) as Item;
  await printValue(withId(item), flags, { print: console.log });
}

/** `linarite app delete APPLICATION [VERSIONS…]`, or a pattern of applications. @throws CommandError */
export async function remove(words: readonly string[], flags: TargetFlags & SelectionFlags & { readonly yes?: boolean }): Promise<void> {
  const connection = targetOf(flags);
  const [first, ...versions] = words;
  if (first === undefined) throw new CommandError(EXIT.usage, 'name an application');
  const isOfPackages = versions.length > 0 || flags.state !== undefined || flags.all === true;
  const meant = isOfPackages ? packages(first, versions, flags) : applications(words, flags);
  const { noun, selection, parentId } = meant;
  const ids = isOfIds(selection) ? selection.ids : (await foundOf(connection, meant)).map((item) => text(item, 'id'));
  if (ids.length === 0) return console.error(`no ${noun.plural}`);
  await confirm({ verb: 'delete', isDestructive: true }, meant, { ids, selection, yes: flags.yes === true });
  await onEach(meant, ids, async (id) => {
    await ask(connection, { method: 'DELETE', path: parentId === undefined ? pathOfApp(id) : pathOfApp(parentId, id) });
    console.log(`${noun.name} ${id}: delete`);
  });
}

function isPattern(word: string): boolean {
  return /[*?]/.test(word);
}

/** @throws CommandError usage: what only packages have. */
function applications(words: readonly string[], flags: SelectionFlags): Meant {
  if (flags.state !== undefined) throw new CommandError(EXIT.usage, 'packages have states, applications none: name the application');
  return { noun: APPLICATION, parentId: undefined, selection: readSelection(APPLICATION, words.map((word) => (word === 'last' ? 'id:last' : word)), flags) };
}

function packages(application: string, versions: readonly string[], flags: SelectionFlags): Meant {
  if (isPattern(application)) throw new CommandError(EXIT.usage, `name one application: ${application} may fit several`);
  return { noun: PACKAGE, parentId: application, selection: readSelection(PACKAGE, versions, flags) };
}

async function foundOf(connection: Connection, { noun, parentId, selection }: Meant): Promise<readonly Item[]> {
  const isOne = isMeant(noun, selection);
  const matching = (await all(connection, parentId === undefined ? '/linarite/applications' : `${pathOfApp(parentId)}/versions`)).filter((item) => isOne(asFound(item)));
  if (!selection.last) return matching;
  const newest = newestOf(matching.map(asFound));
  return matching.filter((item) => text(item, 'id') === text(newest ?? {}, 'id'));
}

/** They have names and no ids. */
function withId(item: Item): Item {
  return { id: item['name'], ...item };
}

/** As selections have resources; `last` is the package that was activated last. */
function asFound(item: Item): Item {
  return { id: at(item, 'id'), state: at(item, 'properties.state'), creationTime: at(item, 'properties.lastActivationTime') };
}

async function all(connection: Connection, path: string): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = JSON.parse(await ask(connection, { path: after === '' ? path : `${path}?after=${encodeURIComponent(after)}` })) as { readonly value: readonly Item[]; readonly next?: string };
    found.push(...page.value.map(withId));
    after = page.next;
  }
  return found;
}
