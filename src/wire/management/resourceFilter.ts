import { lowerAscii } from '../letters.ts';
import { ManagementError } from './errors.ts';
import { locationName } from './locations.ts';

/** What a list of resources, or of groups, is filtered by. */
export interface FilteredResource {
  readonly name: string;
  /** As `Microsoft.Batch/batchAccounts`. */
  readonly resourceType: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, unknown>>;
}

type Property = Exclude<keyof FilteredResource, 'tags'> | 'tagName' | 'tagValue';
type Comparison = 'eq' | 'ne' | 'startswith' | 'substringof';

/** Which properties the filters of a list may name, and how they are compared. */
export type FilterProperties = Readonly<Partial<Record<Property, readonly Comparison[]>>>;

const TAGS: FilterProperties = { tagName: ['eq', 'startswith'], tagValue: ['eq'] };

/** Lists of groups know tags alone: the real service refuses `name` there. */
export const GROUP_FILTER: FilterProperties = TAGS;

/** API reference, "Resources - List", as far as resources here have the property. */
export const RESOURCE_FILTER: FilterProperties = {
  ...TAGS,
  name: ['eq', 'ne', 'substringof'],
  resourceType: ['eq', 'ne'],
  resourceGroup: ['eq', 'ne', 'substringof'],
  location: ['eq', 'ne'],
};

interface Clause {
  readonly property: Property;
  readonly comparison: Comparison;
  readonly asked: string;
}

const MOST_CHARACTERS = 8_192;
const TEXT = "'((?:[^']|'')*)'";
const NAME = '([a-z]+(?:/[a-z]+)*)';
/** One condition, and what joins the next one to it. */
const CLAUSE = new RegExp(`\\s*(?:${NAME}\\s+(eq|ne)\\s+${TEXT}|startswith\\(\\s*${NAME}\\s*,\\s*${TEXT}\\s*\\)|substringof\\(\\s*${TEXT}\\s*,\\s*${NAME}\\s*\\))\\s*(?:\\b(and|or)\\s+(?=\\S)|$)`, 'iy');

/**
 * Reads a `$filter` of conditions joined by `and` and `or`, of which `and` binds closer. Names, types and names of tags
 * compare without case, values of tags with it, regions without blanks as well. Conditions on tags stand for
 * themselves and are all about one tag, as the real service has it.
 * @throws ManagementError InvalidFilterInQueryString (400) for another form, property or comparison.
 */
export function resourceFilter(text: string | null, properties: FilterProperties): (one: FilteredResource) => boolean {
  if (text === null || text.trim() === '') return () => true;
  const alternatives = readAlternatives(text, properties);
  return (one) => alternatives.some((clauses) => holdAll(clauses, one));
}

function readAlternatives(text: string, properties: FilterProperties): readonly (readonly Clause[])[] {
  const fault = (reason: string): ManagementError => new ManagementError('InvalidFilterInQueryString', `Invalid $filter '${text.slice(0, 256)}' specified in the query string. ${reason}`);
  if (text.length > MOST_CHARACTERS) throw fault(`It has at most ${MOST_CHARACTERS} characters.`);
  const form = new RegExp(CLAUSE);
  const alternatives: Clause[][] = [[]];
  while (form.lastIndex < text.length) {
    const start = form.lastIndex;
    const match = form.exec(text);
    if (match === null) throw fault(`'${text.slice(start, start + 64)}' is none of the forms NAME eq 'TEXT', NAME ne 'TEXT', substringof('TEXT', NAME) and startswith(tagName, 'TEXT'), joined by 'and' and 'or'.`);
    alternatives.at(-1)?.push(checked(match, properties, fault));
    if (match[8]?.toLowerCase() === 'or') alternatives.push([]);
  }
  const all = alternatives.flat();
  const ofTags = all.filter(isOfTag);
  if (ofTags.length > 0 && (ofTags.length < all.length || alternatives.length > 1)) throw fault("Conditions on tags are joined by 'and', and to no others.");
  if (ofTags.length > 0 && ofTags.every(({ property }) => property === 'tagValue')) throw fault("A 'tagValue' needs the 'tagName' that it is of.");
  return alternatives;
}

function checked([, compared, operator, value, begun, prefix, part, searched]: RegExpExecArray, properties: FilterProperties, fault: (reason: string) => ManagementError): Clause {
  const asked = value ?? prefix ?? part ?? '';
  const name = compared ?? begun ?? searched ?? '';
  const property = propertyNamed(name, properties);
  if (property === undefined) throw fault(`This list cannot be filtered by '${name}', only by ${Object.keys(properties).join(', ')}.`);
  const comparison = comparisonOf(operator, begun);
  if (properties[property]?.includes(comparison) !== true) throw fault(`'${property}' cannot be compared by '${comparison}'.`);
  return { property, comparison, asked: asked.replaceAll("''", "'") };
}

function propertyNamed(name: string, properties: FilterProperties): Property | undefined {
  return (Object.keys(properties) as readonly Property[]).find((one) => lowerAscii(one) === lowerAscii(name));
}

function comparisonOf(operator: string | undefined, begun: string | undefined): Comparison {
  if (operator !== undefined) return operator.toLowerCase() === 'ne' ? 'ne' : 'eq';
  return begun === undefined ? 'substringof' : 'startswith';
}

function isOfTag({ property }: Clause): boolean {
  return property === 'tagName' || property === 'tagValue';
}

function holdAll(clauses: readonly Clause[], one: FilteredResource): boolean {
  if (!clauses.some(isOfTag)) return clauses.every((clause) => holds(clause, valueOf(one, clause.property)));
  return Object.entries(one.tags).some(([name, value]) => clauses.every((clause) => holds(clause, clause.property === 'tagName' ? name : String(value))));
}

function valueOf(one: FilteredResource, property: Property): string {
  if (property === 'tagName' || property === 'tagValue') throw new Error(`${property} is of a tag`);
  return one[property];
}

function holds({ property, comparison, asked }: Clause, value: string): boolean {
  const [left, right] = property === 'tagValue' ? [value, asked] : property === 'location' ? [locationName(value), locationName(asked)] : [value.toLowerCase(), asked.toLowerCase()];
  switch (comparison) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'startswith':
      return left.startsWith(right);
    case 'substringof':
      return left.includes(right);
  }
}
