import { randomUUID } from 'node:crypto';
import { countResources, findResource, lockResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import type { Plan } from '../../../templates/plan.ts';
import type { TemplateResource } from '../../../templates/resources.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { isLocation, locationName } from '../../../wire/management/locations.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { holdGroup, openGroup } from '../group/existing.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { finishDeployment } from './finishing.ts';
import { planFor, preflight } from './planning.ts';
import { type DeploymentBody, readDeployment, receive } from './request.ts';
import { beginDeployment, type DeployedResource, deploymentId, DEPLOYMENT_TYPE, type DeploymentSpec, scopeOf, specOf } from './rows.ts';
import { deploymentView, SOON, validatedView } from './view.ts';

/** At most 64 letters, digits, `_ - . ( )` (Azure documentation, "Naming rules", Microsoft.Resources). */
const NAME = /^[-\w.()]{1,64}$/;
/** Deployments in the history of a group or a subscription (Azure documentation, "Azure Resource Manager limits"). */
const MOST_DEPLOYMENTS = 800;

/** A deployment that was read and may be made. */
export interface Accepted {
  readonly id: string;
  readonly body: DeploymentBody;
  readonly plan: Plan;
  readonly spec: DeploymentSpec;
}

/** Reads a request to deploy and all that can be said against it. @throws ManagementError, BatchError */
export async function acceptDeployment(call: ManagementCall, parts: ManagementParts): Promise<Accepted> {
  const name = param(call, 'deploymentName');
  if (!NAME.test(name)) throw new ManagementError('InvalidResourceName', `The provided deployment name '${name.slice(0, 100)}' is not valid: it has 1 to 64 letters, digits, '-', '_', '.', '(' and ')'.`);
  requireSubscription(call, parts);
  const group = call.params['resourceGroupName'] === undefined ? null : await openGroup(call, parts);
  const body = readDeployment(await receive(call));
  const correlationId = randomUUID();
  const plan = planFor(body, { name, group, correlationId, beganAt: call.now, baseUrl: call.baseUrl, directory: parts.directory });
  await preflight(plan, call.identity, name, parts);
  const spec: DeploymentSpec = {
    location: group === null ? requireLocation(body) : null,
    tags: body.tags,
    mode: body.mode,
    templateHash: plan.templateHash,
    parameters: plan.parameters,
    correlationId,
    operation: randomUUID(),
    beganAt: call.now,
    resources: plan.resources.map((resource) => deployed(resource, plan)),
    isCancelled: false,
    end: null,
  };
  return { id: deploymentId(call), body, plan, spec };
}

/** The deployment is durable when it is answered 201, and ends as its client polls. */
export const createDeployment: ManagementHandler = async (call, parts) => {
  const { id, body, spec } = await acceptDeployment(call, parts);
  const { data, sealing, later } = parts;
  const { row, isNew } = await transaction(data.database, async (tx) => {
    if (call.params['resourceGroupName'] !== undefined) await holdGroup(tx, call);
    const former = await lockResource(tx, id);
    if (former !== null && former.state === 'Creating') throw active(former, 'edit or replace');
    if (former === null) await requireRoom(call, parts);
    const row = await beginDeployment(tx, former, id, spec, { text: body.text, identity: call.identity, baseUrl: call.baseUrl }, sealing);
    if (row === null) throw active(await findResource(data.database, id), 'edit or replace');
    return { row, isNew: former === null };
  });
  later.begin('a deployment', row.id, () => finishDeployment(row.id, parts));
  return json(isNew ? 201 : 200, deploymentView(row), { ...SOON, 'azure-asyncoperation': `${call.baseUrl}${call.path}/operationStatuses/${spec.operation}?api-version=${call.version.text}` });
};

export const validateDeployment: ManagementHandler = async (call, parts) => {
  const { id, spec } = await acceptDeployment(call, parts);
  return json(200, validatedView(id, spec));
};

function deployed(resource: TemplateResource, { body, waits }: Plan): DeployedResource {
  const { id, type, name } = resource;
  const { location } = body(resource, () => undefined).value;
  return { id, type, name, location: typeof location === 'string' && !location.startsWith('[') ? location : null, dependsOn: [...(waits.get(resource) ?? [])].map((other) => other.id) };
}

function requireLocation({ location }: DeploymentBody): string {
  if (location === null || location === '') throw new ManagementError('LocationRequired', "The location property is required for this definition.");
  if (!isLocation(location)) throw new ManagementError('LocationNotAvailableForResourceType', `The provided location '${location}' is not available for deployment.`);
  return locationName(location);
}

async function requireRoom(call: ManagementCall, { data }: ManagementParts): Promise<void> {
  const count = await countResources(data.database, { type: DEPLOYMENT_TYPE, prefix: `${scopeOf(call)}/providers/` });
  if (count >= MOST_DEPLOYMENTS)
    throw new ManagementError('DeploymentQuotaExceeded', `Creating the deployment '${param(call, 'deploymentName')}' would exceed the quota of '${MOST_DEPLOYMENTS}'. The current deployment count is '${count}', please delete some deployments before creating a new one. Please see https://aka.ms/arm-template/#deployments for usage details.`);
}

/** The words of Azure Resource Manager. */
export function active(row: ResourceRow | null, act: string): ManagementError {
  const [name, since] = row === null ? ['', ''] : [row.id.slice(row.id.lastIndexOf('/') + 1), formatTimestamp(specOf(row).beganAt)];
  return new ManagementError('DeploymentActive', `Unable to ${act} deployment '${name}': previous deployment from '${since}' is still active. Please see https://aka.ms/arm-deploy for usage details.`);
}
