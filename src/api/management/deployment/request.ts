import { BatchError } from '../../../wire/errors.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { readExtendedJson } from '../../../templates/extendedJson.ts';
import { isObject, type Json, type JsonObject } from '../../../templates/json.ts';
import { TEMPLATE_LIMITS } from '../../../templates/limits.ts';
import { type Places, placesOf } from '../../../templates/places.ts';
import type { ManagementCall } from '../call.ts';

export type Mode = 'Incremental' | 'Complete';

/** The body of a request to deploy, to validate, or to ask what would change. */
export interface DeploymentBody {
  /** As it was sent. */
  readonly text: string;
  readonly places: Places;
  /** Of a deployment to a subscription. */
  readonly location: string | null;
  readonly tags: JsonObject | null;
  readonly mode: Mode;
  readonly template: Json | undefined;
  readonly parameters: Json | undefined;
  /** Of a what-if: whether it shows resources, or their ids alone. */
  readonly resultFormat: 'FullResourcePayloads' | 'ResourceIdOnly';
}

const MEMBERS = new Set(['location', 'tags', 'properties']);
const PROPERTIES = new Set(['template', 'parameters', 'mode', 'whatIfSettings', 'debugSetting', 'expressionEvaluationOptions']);
/** What the real service has and this one does not, with what to do instead. */
const NOT_SERVED: Readonly<Record<string, string>> = {
  templateLink: "templates are not fetched; send the template itself as 'template'",
  parametersLink: "parameters are not fetched; send them as 'parameters'",
  onErrorDeployment: 'no earlier deployment is made again',
  validationLevel: 'all that is checked is checked always',
};

/** @throws ManagementError InvalidRequestContent (400), RequestContentTooLarge (413). */
export async function receive(call: ManagementCall): Promise<string> {
  try {
    return await call.text(TEMPLATE_LIMITS.templateBytes);
  } catch (error) {
    if (error instanceof BatchError && error.code === 'RequestBodyTooLarge') throw new ManagementError('RequestContentTooLarge', 'The request content size exceeds the maximum size of 4 MB.');
    throw error;
  }
}

/** @throws ManagementError InvalidRequestContent (400). */
export function readDeployment(text: string): DeploymentBody {
  const body = objectAt(parsed(text), '');
  const places = placesOf(text);
  requireKnown(body, MEMBERS, '', 'DeploymentContent', places);
  const properties = objectAt(body['properties'], 'properties');
  for (const [name, reason] of Object.entries(NOT_SERVED))
    if ((properties[name] ?? null) !== null) throw malformed(`The property 'properties.${name}' is not served: ${reason}`);
  requireKnown(properties, PROPERTIES, 'properties.', 'DeploymentProperties', places);
  const { mode = 'Incremental', location = null, tags = null } = { ...body, ...properties };
  const read: Mode | undefined = MODES[String(mode).toLowerCase()];
  if (read === undefined) throw malformed(`The value ${JSON.stringify(mode)} of 'properties.mode' is not one of 'Incremental, Complete'`);
  if (location !== null && typeof location !== 'string') throw malformed("The value of 'location' is no string");
  refuseDetail(properties);
  return {
    text,
    places,
    location,
    tags: tags === null ? null : tagsIn(tags),
    mode: read,
    template: properties['template'] ?? undefined,
    parameters: properties['parameters'] ?? undefined,
    resultFormat: resultFormat(properties['whatIfSettings'] ?? null),
  };
}

/** Names and texts (Azure documentation, "Use tags to organize your Azure resources"). */
function tagsIn(tags: Json): JsonObject {
  const read = objectAt(tags, 'tags');
  const wrong = Object.entries(read).find(([, value]) => typeof value !== 'string')?.[0];
  if (wrong !== undefined) throw malformed(`The value of 'tags.${wrong}' is no string`);
  return read;
}

/** The template of a request that was accepted. */
export function templateIn(text: string): Json {
  return readDeployment(text).template ?? null;
}

const MODES: Readonly<Record<string, Mode>> = { incremental: 'Incremental', complete: 'Complete' };

function resultFormat(settings: Json): DeploymentBody['resultFormat'] {
  const { resultFormat = null } = settings === null ? {} : objectAt(settings, 'properties.whatIfSettings');
  if (resultFormat === null || resultFormat === 'FullResourcePayloads') return 'FullResourcePayloads';
  if (resultFormat === 'ResourceIdOnly') return resultFormat;
  throw malformed(`The value ${JSON.stringify(resultFormat)} of 'properties.whatIfSettings.resultFormat' is not one of 'ResourceIdOnly, FullResourcePayloads'`);
}

/** Bodies of requests and answers are not kept for anyone to read. */
function refuseDetail({ debugSetting = null }: JsonObject): void {
  const { detailLevel = null } = debugSetting === null ? {} : objectAt(debugSetting, 'properties.debugSetting');
  if (detailLevel !== null && detailLevel !== 'none') throw malformed(`The value ${JSON.stringify(detailLevel)} of 'properties.debugSetting.detailLevel' is not served: only 'none' is`);
}

function requireKnown(value: JsonObject, known: ReadonlySet<string>, path: string, type: string, places: Places): void {
  const unknown = Object.entries(value).find(([name, member]) => member !== null && !known.has(name))?.[0];
  if (unknown === undefined) return;
  const { line, column } = places(`${path}${unknown}`);
  throw malformed(`Could not find member '${unknown}' on object of type '${type}'. Path '${path}${unknown}', line ${line}, position ${column}`);
}

function objectAt(value: Json | undefined, path: string): JsonObject {
  if (isObject(value)) return value;
  throw malformed(path === '' ? 'The body is no JSON object' : `The property '${path}' is required, and is an object`);
}

function parsed(text: string): Json {
  try {
    return readExtendedJson(text);
  } catch {
    throw malformed('The body is not JSON');
  }
}

function malformed(reason: string): ManagementError {
  return new ManagementError('InvalidRequestContent', `The request content was invalid and could not be deserialized: '${reason}.'.`);
}
