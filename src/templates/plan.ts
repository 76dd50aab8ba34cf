import { ExpressionError, within } from './errors.ts';
import { type Ambient, LATE, type LateScope, type Question, type Scope, type Target } from './expression/scope.ts';
import { isMade, ResourceNames, type Waits, waitsOf } from './graph.ts';
import { isObject, type Json, type JsonObject, sameText, typeName } from './json.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { templateHash } from './names.ts';
import { outputType, type Parameter, parameterNamed, parameterValues, secretsOf, shownParameters } from './parameters.ts';
import type { Places } from './places.ts';
import { resolve, type Resolved, countOf, inLoop } from './resolve.ts';
import { conditionOf, inResource, resourcesOf, type TemplateResource } from './resources.ts';
import { readTemplate, type Template } from './template.ts';
import { variablesOf } from './variables.ts';

/** A template to be deployed, with its parameters as requests have them: `{ "name": { "value": … } }`. */
export interface DeploymentSource {
  readonly name: string;
  readonly mode: 'Incremental' | 'Complete';
  readonly template: Json | undefined;
  readonly parameters: Json | undefined;
  /** Of the text in which the template stands at `path`. */
  readonly places: Places;
  readonly path: string;
  readonly ambient: Omit<Ambient, 'deployment'>;
}

/** What has been found out of resources; undefined: not yet. */
export type Answers = (question: Question) => Json | undefined;

/** A part of a template as far as it is known. */
interface Known<Value extends Json> {
  /** Expressions that wait for an answer stand in it as the template has them. */
  readonly value: Value;
  /** In the order in which they come up: the answer to one may make another one needless. */
  readonly questions: readonly Question[];
}

/** A template that may be deployed: what is made, in which order, and what of it is known only then. */
export interface Plan {
  readonly templateHash: string;
  /** As answers show them: without secrets. */
  readonly parameters: JsonObject;
  /** Texts that the parameters bring and that no answer may show. */
  readonly secrets: readonly string[];
  /** What is made, in the order of the template. */
  readonly resources: readonly TemplateResource[];
  readonly waits: Waits;
  /** What is put for a resource. */
  body(resource: TemplateResource, answers: Answers): Known<JsonObject>;
  outputs(answers: Answers): Known<JsonObject>;
}

const NOTHING: Answers = () => undefined;
/** Members of a resource that are sent as its body. */
const BODY = 'location,tags,properties,sku,kind,identity,plan,zones,managedBy,managedByExtended,extendedLocation,etag'.split(',');

/**
 * Reads a template and all that can be evaluated of it before anything is deployed.
 *
 * @throws TemplateError
 */
export function plan(source: DeploymentSource): Plan {
  const template = readTemplate(source.template, source.places, source.path);
  const hash = templateHash(template.source);
  const before = firstScope(source, template, hash);
  const parameters = parameterValues(template, source.parameters, before);
  const scope = withNames(before, template, parameters);
  const all = resourcesOf(template, source.places, scope);
  const names = new ResourceNames(all);
  const body = (resource: TemplateResource, answers: Answers, budget = freshBudget()): Known<JsonObject> =>
    withAnswers({ ...scope, budget }, names, answers, (late) => inResource({ value: resource.source, place: resource.place }, () => bodyOf(resource, { ...late, loops: resource.loops })));
  const outputs = (answers: Answers, budget = freshBudget()): Known<JsonObject> => withAnswers({ ...scope, budget }, names, answers, (late) => outputsOf(template, late));
  const resources = all.filter(isMade);
  const asked = new Map(resources.map((resource) => [resource, body(resource, NOTHING, scope.budget).questions.map(({ id }) => id)]));
  const waits = waitsOf(all, names, asked);
  outputs(NOTHING, scope.budget);
  return { templateHash: hash, parameters: shownParameters(parameters), secrets: secretsOf(parameters), resources, waits, body: (resource, answers) => body(resource, answers), outputs: (answers) => outputs(answers) };
}

function firstScope({ name, mode, ambient }: DeploymentSource, template: Template, templateHash: string): Scope {
  const properties = { template: template.source, templateHash, parameters: {}, mode, provisioningState: 'Accepted' };
  return { ambient: { ...ambient, deployment: { name, properties } }, budget: freshBudget(), parameter: null, variable: null, loops: [], late: null, isDefault: false };
}

function freshBudget(): Scope['budget'] {
  return { work: TEMPLATE_LIMITS.work };
}

function withNames(before: Scope, template: Template, parameters: ReadonlyMap<string, Parameter>): Scope {
  const { deployment } = before.ambient;
  const properties = { ...(isObject(deployment['properties']) ? deployment['properties'] : {}), parameters: shownParameters(parameters) };
  const scope: Scope = { ...before, ambient: { ...before.ambient, deployment: { ...deployment, properties } }, parameter: (name) => parameterNamed(parameters, name).value };
  return { ...scope, variable: variablesOf(template, scope) };
}

function withAnswers(scope: Scope, names: ResourceNames, answers: Answers, evaluate: (scope: Scope) => JsonObject): Known<JsonObject> {
  const questions: Question[] = [];
  const late: LateScope = {
    target: (name, apiVersion) => targetOf(names, name, apiVersion, scope),
    targets: (name) => names.all(name).map(({ id, apiVersion }) => ({ id, apiVersion })),
    ask: (question) => {
      const answer = answers(question);
      if (answer !== undefined) return answer;
      questions.push(question);
      return LATE;
    },
  };
  return { value: evaluate({ ...scope, late }), questions };
}

/** A resource of the template by any of its names; one outside of it by its id and a version. */
function targetOf(names: ResourceNames, name: string, apiVersion: string | undefined, { ambient }: Scope): Target {
  const [found] = names.all(name);
  if (found !== undefined) return { id: found.id, apiVersion: apiVersion ?? found.apiVersion };
  if (apiVersion === undefined) throw new ExpressionError(`The resource '${name}' is not defined in the template`);
  if (name.startsWith('/')) return { id: name, apiVersion };
  const { subscription, resourceGroup } = ambient;
  if (!/^[^/]+\.[^/]+\/[^/]+\/[^/]+/.test(name) || resourceGroup === null) throw new ExpressionError(`The resource '${name}' is not defined in the template, and is no id`);
  return { id: `/subscriptions/${subscription.subscriptionId}/resourceGroups/${resourceGroup.name}/providers/${name}`, apiVersion };
}

function bodyOf({ type, source }: TemplateResource, scope: Scope): JsonObject {
  const members = BODY.flatMap((name) => {
    const value = source[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const isDeployment = sameText(type, 'Microsoft.Resources/deployments');
  return Object.fromEntries(members.map(([name, value]) => [name, isDeployment && name === 'properties' && isObject(value) ? nestedDeployment(value, scope) : resolve(value, scope).value]));
}

/** With `"expressionEvaluationOptions": { "scope": "inner" }` the expressions of a nested template are its own. */
function nestedDeployment(properties: JsonObject, scope: Scope): JsonObject {
  const { template, ...rest } = properties;
  const options = resolve(rest['expressionEvaluationOptions'] ?? {}, scope).value;
  const isInner = isObject(options) && sameText(String(options['scope'] ?? 'outer'), 'inner');
  const { value } = resolve(isInner || template === undefined ? rest : properties, scope);
  return { ...(isObject(value) ? value : {}), ...(isInner && template !== undefined && { template }) };
}

function outputsOf(template: Template, scope: Scope): JsonObject {
  const shown = [...template.outputs].map(([name, output]) =>
    within(`The template output '${name}'`, output.place, () => {
      const { shown: type, secure, fits } = outputType(template, output, name);
      const declared = isObject(output.value) ? output.value : {};
      if (!conditionOf(declared['condition'], scope)) return [];
      const { value, isLate } = outputValue(declared, scope);
      const isNull = value === null && declared['nullable'] === true;
      if (!isLate && !isNull && !fits.includes(typeName(value))) throw new ExpressionError(`Template output JToken type is not valid. Expected '${fits.join(', ')}'. Actual '${typeName(value)}'`);
      return [[name, secure ? { type } : { type, value }] as const];
    }),
  );
  return Object.fromEntries(shown.flat());
}

function outputValue({ value, copy }: JsonObject, scope: Scope): Resolved {
  if (isObject(copy)) {
    const items = Array.from({ length: countOf(copy['count'], scope) }, (_, index) => resolve(copy['input'] ?? null, inLoop(scope, { name: 'copy', index, ofResources: false })));
    return { value: items.map((item) => item.value), isLate: items.some(({ isLate }) => isLate) };
  }
  if (value === undefined) throw new ExpressionError("The template output has neither 'value' nor 'copy'");
  return resolve(value, scope);
}
