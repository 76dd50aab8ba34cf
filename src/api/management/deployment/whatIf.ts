import { randomUUID } from 'node:crypto';
import { insertResource, findResource, listResourcesIn, removeOldResources } from '../../../store/intents/resources.ts';
import { isArray, isObject, type Json, type JsonObject } from '../../../templates/json.ts';
import { ResourceFailure } from '../../../templates/run.ts';
import { type Current, whatIf } from '../../../templates/whatIf.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { parseResourceId } from '../../../wire/management/resourceId.ts';
import { empty, json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { existingGroup } from '../group/existing.ts';
import { acceptDeployment } from './creation.ts';
import { readResource } from './doing.ts';
import { deploymentId, DEPLOYMENT_TYPE, scopeOf } from './rows.ts';
import { SOON } from './view.ts';

const RESULT_TYPE = `${DEPLOYMENT_TYPE}/operationResults`;
/** Results are kept for so long. */
const KEPT_MS = 86_400_000;
/** Version that what the template does not name is read with. */
const READING_VERSION = '2025-06-01';
/** What a group may have, in one page. */
const MOST_RESOURCES = 1_000;
const CONCEALED = '*******';

/** What a deployment would change; the answer is where the 202 says. */
export const whatIfDeployment: ManagementHandler = async (call, parts) => {
  const { id, body, plan } = await acceptDeployment(call, parts);
  const current = await currentOf(new Map(plan.resources.map(({ id, apiVersion }) => [id, apiVersion])), call, parts);
  const changes = whatIf(plan, body.mode, current);
  const shown = body.resultFormat === 'FullResourcePayloads' ? changes : changes.map(({ resourceId, changeType }) => ({ resourceId, changeType: changeType === 'Modify' || changeType === 'NoChange' ? 'Deploy' : changeType }));
  const operation = randomUUID();
  const { database } = parts.data;
  await removeOldResources(database, RESULT_TYPE, call.now - KEPT_MS);
  const result = JSON.stringify({ status: 'Succeeded', properties: { changes: shown.map(({ resourceId, changeType, ...more }) => ({ resourceId, changeType, ...concealedMembers(more, plan.secrets) })) } });
  await insertResource(database, { id: `${id}/operationResults/${operation}`, type: RESULT_TYPE, spec: {}, secrets: parts.sealing.seal({ result }) }, call.now);
  return empty(202, { ...SOON, location: `${call.baseUrl}${call.path.slice(0, -'/whatIf'.length)}/operationResults/${operation}?api-version=${call.version.text}` });
};

export const whatIfResult: ManagementHandler = async (call, parts) => {
  if (call.params['resourceGroupName'] !== undefined) await existingGroup(call, parts);
  const { data, sealing } = parts;
  const row = await findResource(data.database, `${deploymentId(call)}/operationResults/${param(call, 'operationId')}`);
  if (row === null || row.secrets === null) throw new ManagementError('NotFound', `The operation '${param(call, 'operationId').slice(0, 64)}' is not known: results are kept for a day.`);
  const { result } = sealing.open(row.secrets) as { readonly result: string };
  return json(200, JSON.parse(result) as object);
};

/** What the template names and what else is in the group, as far as it is there. */
async function currentOf(named: ReadonlyMap<string, string>, call: ManagementCall, parts: ManagementParts): Promise<readonly Current[]> {
  const inGroup = call.params['resourceGroupName'] === undefined ? [] : await listResourcesIn(parts.data.database, scopeOf(call), MOST_RESOURCES);
  const known = new Set([...named.keys()].map((id) => id.toLowerCase()));
  const others = inGroup.filter(({ id }) => !known.has(id.toLowerCase()) && parseResourceId(id)?.names.length === 1);
  const asking = { within: parts.within, request: { identity: call.identity, baseUrl: call.baseUrl } };
  const current: Current[] = [];
  for (const [id, apiVersion] of [...named, ...others.map(({ id }) => [id, READING_VERSION] as const)]) {
    try {
      current.push({ id, resource: await readResource(asking, id, apiVersion) });
    } catch (error) {
      if (!(error instanceof ResourceFailure) || error.status !== 404) throw error;
    }
  }
  return current;
}

/** A value without what only the one who sent the parameters knows. */
function concealed(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return secrets.reduce((text, secret) => (text === secret || secret.length >= CONCEALED.length ? text.replaceAll(secret, CONCEALED) : text), value);
  if (isArray(value)) return value.map((item) => concealed(item, secrets));
  if (!isObject(value)) return value;
  return concealedMembers(value, secrets);
}

function concealedMembers(value: object, secrets: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, item]: [string, Json]) => [name, concealed(item, secrets)]));
}
