import { HELP, invalid, TemplateError } from './errors.ts';
import { isArray, isObject, type Json, type JsonObject } from './json.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { below, type Place, type Places } from './places.ts';

/** A value of a template and where it stands. */
export interface Located<Value extends Json = Json> {
  readonly value: Value;
  readonly place: Place;
}

/** A template as it was sent: its parts are objects, and nothing in it is unknown. */
export interface Template {
  readonly source: JsonObject;
  readonly parameters: Named;
  readonly variables: Named;
  /** In a template whose resources have symbolic names, each has its own (language version 2.0). */
  readonly resources: readonly DeclaredResource[];
  readonly hasSymbols: boolean;
  readonly outputs: Named;
  /** Types that parameters and outputs refer to (language version 2.0). */
  readonly definitions: JsonObject;
}

/** In the order of the template. */
type Named = ReadonlyMap<string, Located>;

export interface DeclaredResource extends Located<JsonObject> {
  readonly symbol: string | null;
  readonly path: string;
}

const TEMPLATE_MEMBERS = new Set(['$schema', 'contentVersion', 'languageVersion', 'metadata', 'parameters', 'variables', 'resources', 'outputs', 'definitions', 'functions', 'apiProfile']);
const RESOURCE_MEMBERS = new Set(
  'name,type,apiVersion,location,tags,properties,sku,kind,identity,plan,zones,managedBy,managedByExtended,extendedLocation,etag,condition,copy,dependsOn,resources,scope,existing,comments,metadata,resourceGroup,subscriptionId'.split(','),
);
const SCHEMAS = /^https?:\/\/schema\.management\.azure\.com\/schemas\/(?:2014-04-01-preview|2015-01-01|2018-05-01|2019-04-01)\/(?:subscriptionD|d)eploymentTemplate\.json#?$/i;

/** Reads what is at `path` of the text that `places` knows. @throws TemplateError */
export function readTemplate(source: Json | undefined, places: Places, path: string): Template {
  const at = (...steps: readonly (string | number)[]): Place => places(steps.reduce<string>(below, path));
  if (!isObject(source)) throw unreadable('The template is not an object', at());
  requireDepth(source, at());
  requireKnown(source, TEMPLATE_MEMBERS, 'Template', places, path);
  requireVersions(source, at);
  if (source['functions'] !== undefined && !isEmpty(source['functions'])) throw invalid(`The template functions ${quoted(source['functions'])} are not served. ${HELP.template}`, at('functions'));
  if (source['apiProfile'] !== undefined) throw invalid(`The template property 'apiProfile' is not served. ${HELP.template}`, at('apiProfile'));
  const named = (member: string, limit: number): Named => namedIn(source, member, limit, places, path);
  const hasSymbols = isObject(source['resources']);
  const template: Template = {
    source,
    hasSymbols,
    parameters: named('parameters', TEMPLATE_LIMITS.parameters),
    variables: named('variables', TEMPLATE_LIMITS.variables),
    outputs: named('outputs', TEMPLATE_LIMITS.outputs),
    definitions: objectIn(source, 'definitions', places, path),
    resources: declaredIn(source, places, path),
  };
  if (hasSymbols && source['languageVersion'] !== '2.0') throw invalid(`The template resources must be an array, or the template of language version '2.0'. ${HELP.resources}`, at('resources'));
  requireCount('resources', template.resources.length, TEMPLATE_LIMITS.resources, at('resources'));
  return template;
}

/** The resources of a template, or those nested in one of its resources. @throws TemplateError */
export function declaredIn(holder: JsonObject, places: Places, path: string): readonly DeclaredResource[] {
  const resources = holder['resources'] ?? [];
  const entries: readonly (readonly [string | number, Json])[] = isObject(resources) ? Object.entries(resources) : isArray(resources) ? [...resources.entries()] : [];
  if (!isObject(resources) && !isArray(resources)) throw unreadable('The template resources are neither an array nor an object', places(below(path, 'resources')));
  return entries.map(([key, value]) => {
    const own = below(below(path, 'resources'), key);
    const place = places(own);
    if (!isObject(value)) throw unreadable('A resource of the template is not an object', place);
    requireKnown(value, RESOURCE_MEMBERS, 'TemplateResource', places, own);
    for (const required of ['type', 'name', 'apiVersion'])
      if (typeof value[required] !== 'string') throw unreadable(`Required property '${required}' not found in JSON`, place);
    return { value, place, path: own, symbol: typeof key === 'string' ? key : null };
  });
}

function namedIn(source: JsonObject, member: string, limit: number, places: Places, path: string): Named {
  const values = Object.entries(objectIn(source, member, places, path));
  const own = below(path, member);
  requireCount(member, values.length, limit, places(own));
  return new Map(values.map(([name, value]) => [name, { value, place: places(below(own, name)) }]));
}

function objectIn(source: JsonObject, member: string, places: Places, path: string): JsonObject {
  const value = source[member] ?? {};
  if (!isObject(value)) throw unreadable(`The template ${member} are not an object`, places(below(path, member)));
  return value;
}

function requireVersions(source: JsonObject, at: (...steps: string[]) => Place): void {
  for (const required of ['$schema', 'contentVersion'])
    if (typeof source[required] !== 'string') throw unreadable(`Required property '${required}' not found in JSON`, at());
  const schema = String(source['$schema']);
  if (!SCHEMAS.test(schema)) throw invalid(`Template schema '${schema}' is not supported. Supported versions are '2014-04-01-preview,2015-01-01,2018-05-01,2019-04-01'. ${HELP.template}`, at('$schema'));
  const content = String(source['contentVersion']);
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(content)) throw invalid(`The template content version '${content}' is not valid. It must have the form '1.0.0.0'. ${HELP.template}`, at('contentVersion'));
  const language = source['languageVersion'];
  if (language !== undefined && language !== '1.0' && language !== '2.0') throw invalid(`The template language version ${JSON.stringify(language)} is not supported. Supported versions are '1.0,2.0'. ${HELP.template}`, at('languageVersion'));
}

function requireKnown(value: JsonObject, known: ReadonlySet<string>, type: string, places: Places, path: string): void {
  const unknown = Object.keys(value).find((name) => !known.has(name));
  if (unknown === undefined) return;
  const place = places(below(path, unknown));
  throw new TemplateError('InvalidRequestContent', `The request content was invalid and could not be deserialized: 'Could not find member '${unknown}' on object of type '${type}'. ${whereJson(place)}'.`, place);
}

function requireCount(what: string, count: number, limit: number, place: Place): void {
  if (count > limit) throw invalid(`The number of template ${what} limit exceeded. Limit: '${limit}' and actual: '${count}'. Please see https://aka.ms/arm-template/#${what} for usage details.`, place);
}

/** Level by level: what calls itself has no room for as many as a text of 4 MB can hold. @throws TemplateError */
export function requireDepth(source: Json, place: Place): void {
  let level: readonly Json[] = [source];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > TEMPLATE_LIMITS.jsonDepth) throw unreadable(`The reader's MaxDepth of ${TEMPLATE_LIMITS.jsonDepth} has been exceeded`, place);
    level = level.flatMap((value) => (isArray(value) ? value : isObject(value) ? Object.values(value) : [])).filter((value) => typeof value === 'object' && value !== null);
  }
}

function unreadable(message: string, place: Place): TemplateError {
  return new TemplateError('InvalidTemplate', `Deployment template parse failed: '${message}. ${whereJson(place)}'.`, place);
}

function whereJson({ path, line, column }: Place): string {
  return `Path '${path}', line ${line}, position ${column}.`;
}

function isEmpty(value: Json): boolean {
  return (isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);
}

/** Names of functions that a template defines. */
function quoted(functions: Json): string {
  const names = isArray(functions) ? functions.flatMap((group) => (isObject(group) && isObject(group['members'] ?? null) ? Object.keys(Object(group['members'])).map((name) => `${String(group['namespace'])}.${name}`) : [])) : [];
  return `'${names.join("', '")}'`;
}
