import { listResources, lockResource, removeResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { findResource } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { templateHash } from '../../../templates/names.ts';
import { isObject, type Json } from '../../../templates/json.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { empty, json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { existingGroup } from '../group/existing.ts';
import { nextLink, pageOf } from '../paging.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { NOWHERE } from '../../../templates/places.ts';
import { requireDepth } from '../../../templates/template.ts';
import { refusing } from './planning.ts';
import { templateIn } from './request.ts';
import { active, createDeployment, validateDeployment } from './creation.ts';
import { cancelDeployment } from './finishing.ts';
import { deploymentId, DEPLOYMENT_TYPE, existingDeployment, forgetWork, OPERATION_TYPE, scopeOf, specOf, storedRequest, updateDeployment } from './rows.ts';
import { deploymentView, operationView, SOON, stateOf } from './view.ts';
import { whatIfDeployment, whatIfResult } from './whatIf.ts';

const get: ManagementHandler = async (call, parts) => json(200, deploymentView(await inScope(call, parts)));

const checkExistence: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  return (await findResource(parts.data.database, deploymentId(call))) === null ? { status: 404, headers: {}, body: null } : empty(204);
};

/** The history alone is deleted; what was deployed stays. */
const remove: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  return transaction(parts.data.database, async (tx) => {
    const row = await lockResource(tx, deploymentId(call));
    if (row === null) return empty(204);
    if (row.state === 'Creating') throw active(row, 'delete');
    await forgetWork(tx, row.id);
    await removeResource(tx, row);
    return empty(204);
  });
};

const cancel: ManagementHandler = async (call, parts) => {
  const { id } = await inScope(call, parts);
  await transaction(parts.data.database, async (tx) => {
    const row = await lockResource(tx, id);
    if (row?.state !== 'Creating') throw new ManagementError('DeploymentCannotBeCancelled', `The deployment '${param(call, 'deploymentName')}' cannot be cancelled because it is not active.`);
    await updateDeployment(tx, row, { ...specOf(row), isCancelled: true }, call.now);
  });
  cancelDeployment(id, parts);
  return empty(204);
};

const exportTemplate: ManagementHandler = async (call, parts) => {
  const { id } = await inScope(call, parts);
  const { text } = await storedRequest(id, parts);
  return json(200, { template: templateIn(text) });
};

const operationStatus: ManagementHandler = async (call, parts) => {
  const spec = specOf(await inScope(call, parts));
  if (spec.operation !== param(call, 'operationId')) throw noOperation(call);
  return json(200, { status: stateOf(spec), ...(spec.end !== null && spec.end.failure !== null && { error: spec.end.failure }) }, SOON);
};

const list: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  if (call.params['resourceGroupName'] !== undefined) await existingGroup(call, parts);
  const isAsked = filterOf(call);
  const page = pageOf(call, '$top');
  const found = await listResources(parts.data.database, { type: DEPLOYMENT_TYPE, prefix: `${scopeOf(call)}/providers/${DEPLOYMENT_TYPE}/`, after: page.after, limit: page.limit + 1 });
  return json(200, { value: found.slice(0, page.limit).filter(isAsked).map(deploymentView), ...nextLink(call, page, found.map(({ id }) => id)) });
};

/** `$filter=provisioningState eq 'Failed'`, the one that the real service has. */
function filterOf({ query }: ManagementCall): (row: ResourceRow) => boolean {
  const filter = query.get('$filter');
  if (filter === null) return () => true;
  const [, state] = /^\s*provisioningState\s+eq\s+'(\w+)'\s*$/i.exec(filter) ?? [];
  if (state === undefined) throw new ManagementError('InvalidParameter', `The $filter '${filter.slice(0, 256)}' is not served: it has the form "provisioningState eq 'Succeeded'".`);
  return (row) => stateOf(specOf(row)).toLowerCase() === state.toLowerCase();
}

const listOperations: ManagementHandler = async (call, parts) => {
  const { id } = await inScope(call, parts);
  const page = pageOf(call, '$top');
  const found = await listResources(parts.data.database, { type: OPERATION_TYPE, prefix: `${id}/operations/`, after: page.after, limit: page.limit + 1 });
  return json(200, { value: found.slice(0, page.limit).map(operationView), ...nextLink(call, page, found.map((row) => row.id)) });
};

const getOperation: ManagementHandler = async (call, parts) => {
  const { id } = await inScope(call, parts);
  const row = await findResource(parts.data.database, `${id}/operations/${param(call, 'operationId')}`);
  if (row === null) throw noOperation(call);
  return json(200, operationView(row));
};

const calculateTemplateHash: ManagementHandler = async (call) => {
  const template = (await call.json()) as Json;
  if (!isObject(template)) throw new ManagementError('InvalidRequestContent', 'The request content was invalid: a template is a JSON object.');
  refusing(() => requireDepth(template, NOWHERE));
  return json(200, { minifiedTemplate: JSON.stringify(template).toUpperCase(), templateHash: templateHash(template) });
};

export const deploymentHandlers = {
  Deployments_ListByResourceGroup: list,
  Deployments_Get: get,
  Deployments_CheckExistence: checkExistence,
  Deployments_CreateOrUpdate: createDeployment,
  Deployments_Delete: remove,
  Deployments_Validate: validateDeployment,
  Deployments_WhatIf: whatIfDeployment,
  Deployments_Cancel: cancel,
  Deployments_ExportTemplate: exportTemplate,
  Deployments_OperationStatus: operationStatus,
  Deployments_WhatIfResult: whatIfResult,
  DeploymentOperations_List: listOperations,
  DeploymentOperations_Get: getOperation,
  Deployments_ListAtSubscriptionScope: list,
  Deployments_GetAtSubscriptionScope: get,
  Deployments_CheckExistenceAtSubscriptionScope: checkExistence,
  Deployments_CreateOrUpdateAtSubscriptionScope: createDeployment,
  Deployments_DeleteAtSubscriptionScope: remove,
  Deployments_ValidateAtSubscriptionScope: validateDeployment,
  Deployments_WhatIfAtSubscriptionScope: whatIfDeployment,
  Deployments_CancelAtSubscriptionScope: cancel,
  Deployments_ExportTemplateAtSubscriptionScope: exportTemplate,
  Deployments_OperationStatusAtSubscriptionScope: operationStatus,
  Deployments_WhatIfResultAtSubscriptionScope: whatIfResult,
  DeploymentOperations_ListAtSubscriptionScope: listOperations,
  DeploymentOperations_GetAtSubscriptionScope: getOperation,
  Deployments_CalculateTemplateHash: calculateTemplateHash,
} satisfies Record<string, ManagementHandler>;

async function inScope(call: ManagementCall, parts: ManagementParts): Promise<ResourceRow> {
  requireSubscription(call, parts);
  if (call.params['resourceGroupName'] !== undefined) await existingGroup(call, parts);
  return existingDeployment(call, parts);
}

function noOperation(call: ManagementCall): ManagementError {
  return new ManagementError('DeploymentOperationNotFound', `The operation '${param(call, 'operationId').slice(0, 64)}' of deployment '${param(call, 'deploymentName')}' could not be found.`);
}
