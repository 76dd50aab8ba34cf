import { HELP, invalid } from './errors.ts';
import { addToGroup } from '../base/groups.ts';
import { typeAndName } from './ids.ts';
import type { TemplateResource } from './resources.ts';

/** Finds resources of a template by all that may name them: symbol, `symbol[0]`, id, type and name, name, loop. */
export class ResourceNames {
  readonly #byName = new Map<string, TemplateResource[]>();

  constructor(resources: readonly TemplateResource[]) {
    for (const resource of resources)
      for (const name of new Set(namesOf(resource).map((name) => name.toLowerCase()))) addToGroup(this.#byName, name, resource);
  }

  /** All of a loop, or of a name that several types have. */
  all(name: string): readonly TemplateResource[] {
    return this.#byName.get(name.toLowerCase()) ?? [];
  }
}

function namesOf({ id, type, name, symbol, copy }: TemplateResource): readonly string[] {
  const byCopy = copy === null ? [] : [copy.name, ...(symbol === null ? [] : [`${symbol}[${copy.index}]`])];
  return [id, typeAndName(type, name), `${type}/${name}`, name, ...(symbol === null ? [] : [symbol]), ...byCopy];
}

/** What each resource that is made waits for. */
export type Waits = ReadonlyMap<TemplateResource, ReadonlySet<TemplateResource>>;

/**
 * The order of a template's resources: what they say, what they ask of others (`asked`), and the batches of loops.
 *
 * @throws TemplateError
 */
export function waitsOf(resources: readonly TemplateResource[], names: ResourceNames, asked: ReadonlyMap<TemplateResource, readonly string[]>): Waits {
  const made = resources.filter(isMade);
  const waits = new Map(made.map((resource) => [resource, new Set<TemplateResource>()]));
  for (const [resource, own] of waits) {
    for (const name of new Set(resource.dependsOn.map((name) => name.toLowerCase()))) for (const other of required(names, name, resource)) if (isMade(other)) own.add(other);
    for (const id of new Set(asked.get(resource))) for (const other of names.all(id)) if (isMade(other)) own.add(other);
    for (const other of made) if (isOfEarlierBatch(other, resource)) own.add(other);
  }
  requireNoCircle(waits);
  return waits;
}

/** What the deployment makes: not what exists, nor what has a condition that does not hold. */
export function isMade({ isWanted, isExisting }: TemplateResource): boolean {
  return isWanted && !isExisting;
}

function required(names: ResourceNames, name: string, { place }: TemplateResource): readonly TemplateResource[] {
  const found = names.all(name);
  if (found.length === 0) throw invalid(`The resource '${name}' is not defined in the template. ${HELP.template}`, place);
  return found;
}

/** Of a serial loop each batch waits for the one before it. */
function isOfEarlierBatch(other: TemplateResource, { copy, source }: TemplateResource): boolean {
  if (copy === null || copy.batchSize === 0 || other.copy === null || other.source !== source) return false;
  return Math.floor(other.copy.index / copy.batchSize) === Math.floor(copy.index / copy.batchSize) - 1;
}

function requireNoCircle(waits: Waits): void {
  const left = new Map([...waits].map(([resource, others]) => [resource, others.size]));
  const waiters = new Map<TemplateResource, TemplateResource[]>();
  for (const [resource, others] of waits) for (const other of others) addToGroup(waiters, other, resource);
  const free = [...left].filter(([, count]) => count === 0).map(([resource]) => resource);
  for (let resource = free.pop(); resource !== undefined; resource = free.pop()) {
    left.delete(resource);
    for (const waiter of waiters.get(resource) ?? []) {
      const count = (left.get(waiter) ?? 0) - 1;
      left.set(waiter, count);
      if (count === 0) free.push(waiter);
    }
  }
  const [stuck] = left.keys();
  if (stuck !== undefined) throw invalid(`Circular dependency detected on resource: '${stuck.id}'. ${HELP.resources}`, stuck.place);
}
