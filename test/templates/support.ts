import { TemplateError } from '../../src/templates/errors.ts';
import type { Json, JsonObject } from '../../src/templates/json.ts';
import { placesOf } from '../../src/templates/places.ts';
import { type Answers, type Plan, plan } from '../../src/templates/plan.ts';

export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/lab`;

const AMBIENT = {
  tenant: { tenantId: '00000000-0000-0000-0000-0000000000aa' },
  subscription: { id: `/subscriptions/${SUBSCRIPTION}`, subscriptionId: SUBSCRIPTION, tenantId: '00000000-0000-0000-0000-0000000000aa', displayName: 'Lab' },
  resourceGroup: { id: GROUP, name: 'lab', type: 'Microsoft.Resources/resourceGroups', location: 'westeurope', tags: {} },
  environment: { name: 'Local', suffixes: { storage: 'core.local' } },
  now: '2026-11-30T08:15:42.123Z',
  newGuid: () => '11111111-2222-4333-8444-555555555555',
};

/** What is not said of a template is that of an empty one. */
export function template(parts: JsonObject): JsonObject {
  return { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [], ...parts };
}

/** Plans a template as it comes in a request, written in lines as `az` sends it. */
export function planned(source: Json, parameters: JsonObject = {}, place: { readonly atSubscription?: boolean } = {}): Plan {
  const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { value }]));
  const ambient = place.atSubscription === true ? { ...AMBIENT, resourceGroup: null } : AMBIENT;
  return plan({ name: 'main', mode: 'Incremental', template: source, parameters: given, places: placesOf(JSON.stringify(source, null, 2)), path: '', ambient });
}

/** The value of an expression of a template, by an output of any type. */
export function valueOf(expression: string, type = 'string', parts: JsonObject = {}): Json {
  const { value, questions } = planned(template({ outputs: { it: { type, value: expression, nullable: true } }, ...parts })).outputs(NO_ANSWERS);
  if (questions.length > 0) throw new Error(`${expression} asks for ${JSON.stringify(questions)}`);
  const shown = value['it'];
  return typeof shown === 'object' && shown !== null && 'value' in shown ? (shown.value ?? null) : null;
}

export const NO_ANSWERS: Answers = () => undefined;

/** The bodies that are put, by id below the group, as far as they are known before. */
export function bodiesOf(of: Plan): Readonly<Record<string, JsonObject>> {
  return Object.fromEntries(of.resources.map((resource) => [shortId(resource.id), of.body(resource, NO_ANSWERS).value]));
}

/** For each resource what it waits for. */
export function orderOf(of: Plan): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...of.waits].map(([resource, others]) => [shortId(resource.id), [...others].map(({ id }) => shortId(id))]));
}

export function shortId(id: string): string {
  return id.startsWith(`${GROUP}/providers/`) ? id.slice(GROUP.length + '/providers/'.length) : id;
}

/** What a template is refused with. */
export function refusalOf(act: () => unknown): { readonly code: string; readonly message: string; readonly line: number; readonly column: number } {
  try {
    act();
  } catch (error) {
    if (error instanceof TemplateError) return { code: error.code, message: error.message, line: error.place.line, column: error.place.column };
    throw error;
  }
  throw new Error('it was not refused');
}
