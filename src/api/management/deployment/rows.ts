import type { Instant } from '../../../core/keys.ts';
import { findResource, insertResource, lockResource, removeResourcesBelow, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import type { Database, Transaction } from '../../../store/intents/statement.ts';
import type { JsonObject } from '../../../templates/json.ts';
import type { Failure } from '../../../templates/run.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { groupId, subscriptionId } from '../../../wire/management/resourceId.ts';
import { param, type ManagementCall, type ManagementParts } from '../call.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Sealing } from '../../../store/sealing.ts';
import { type Mode, templateIn } from './request.ts';

export const DEPLOYMENT_TYPE = 'Microsoft.Resources/deployments';
const REQUEST_TYPE = `${DEPLOYMENT_TYPE}/requests`;
export const OPERATION_TYPE = `${DEPLOYMENT_TYPE}/operations`;

/** What a deployment is, beside the state of its row: `Creating` while it runs. */
export interface DeploymentSpec {
  readonly location: string | null;
  readonly tags: JsonObject | null;
  readonly mode: Mode;
  readonly templateHash: string;
  readonly parameters: JsonObject;
  readonly correlationId: string;
  /** Where its client polls. */
  readonly operation: string;
  readonly beganAt: Instant;
  readonly resources: readonly DeployedResource[];
  readonly isCancelled: boolean;
  /** Null: it runs. */
  readonly end: DeploymentEnd | null;
}

export interface DeployedResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** Null: it has none, or one that only the deployment can tell. */
  readonly location: string | null;
  /** Ids. */
  readonly dependsOn: readonly string[];
}

export interface DeploymentEnd {
  readonly state: 'Succeeded' | 'Failed' | 'Canceled';
  readonly at: Instant;
  readonly outputs: JsonObject | null;
  readonly failure: Failure | null;
}

/** What one resource of a deployment has come to. */
export interface OperationSpec {
  readonly operation: 'Create' | 'Delete' | 'EvaluateDeploymentOutput';
  /** Null: the operation is about none. */
  readonly target: Pick<DeployedResource, 'id' | 'type' | 'name'> | null;
  readonly beganAt: Instant;
  readonly end: { readonly at: Instant; readonly status: number; readonly failure: Failure | null } | null;
}

/** What is needed to go on with a deployment after a restart. Sealed: it holds secrets. */
export interface StoredRequest {
  readonly text: string;
  readonly identity: Identity;
  readonly baseUrl: string;
}

/** The id that the path of an operation on a deployment names. */
export function deploymentId(call: Pick<ManagementCall, 'params'>): string {
  return `${scopeOf(call)}/providers/${DEPLOYMENT_TYPE}/${param(call, 'deploymentName')}`;
}

/** The group, or the subscription, that a deployment is one of. */
export function scopeOf(call: Pick<ManagementCall, 'params'>): string {
  const subscription = param(call, 'subscriptionId');
  const { resourceGroupName } = call.params;
  return resourceGroupName === undefined ? subscriptionId(subscription) : groupId(subscription, resourceGroupName);
}

export function nameOf({ id }: Pick<ResourceRow, 'id'>): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** @throws ManagementError DeploymentNotFound (404). */
export async function existingDeployment(call: Pick<ManagementCall, 'params'>, { data }: Pick<ManagementParts, 'data'>): Promise<ResourceRow> {
  const found = await findResource(data.database, deploymentId(call));
  if (found === null) throw new ManagementError('DeploymentNotFound', `Deployment '${param(call, 'deploymentName')}' could not be found.`);
  return found;
}

/**
 * Texts that clients chose stand in a spec as one text of JSON: a column of JSON keeps neither the order of members nor
 * NUL.
 */
function packed(spec: DeploymentSpec | OperationSpec): object {
  return { text: JSON.stringify(spec) };
}

function unpacked(row: ResourceRow): unknown {
  const { text } = JSON.parse(row.spec) as { readonly text: string };
  return JSON.parse(text);
}

export function specOf(row: ResourceRow): DeploymentSpec {
  return unpacked(row) as DeploymentSpec;
}

export function operationSpecOf(row: ResourceRow): OperationSpec {
  return unpacked(row) as OperationSpec;
}

export function updateDeployment(tx: Transaction, row: ResourceRow, spec: DeploymentSpec, now: Instant): Promise<ResourceRow> {
  const state = spec.end === null ? 'Creating' : spec.end.state === 'Succeeded' ? 'Succeeded' : 'Failed';
  return updateResource(tx, row, { spec: packed(spec), state }, now);
}

/** In the place of one that has ended, with what it had done. */
export async function beginDeployment(tx: Transaction, former: ResourceRow | null, id: string, spec: DeploymentSpec, request: StoredRequest, sealing: Sealing): Promise<ResourceRow | null> {
  await forgetWork(tx, id);
  const row = former === null ? await insertResource(tx, { id, type: DEPLOYMENT_TYPE, spec: packed(spec), state: 'Creating' }, spec.beganAt) : await updateDeployment(tx, former, spec, spec.beganAt);
  await insertResource(tx, { id: requestId(id), type: REQUEST_TYPE, spec: {}, secrets: sealing.seal(request) }, spec.beganAt);
  return row;
}

/** What belongs to a deployment beside its own row. */
export async function forgetWork(tx: Transaction, id: string): Promise<void> {
  await forgetOperations(tx, id);
  await removeResourcesBelow(tx, { type: REQUEST_TYPE, prefix: requestId(id) });
}

export function forgetOperations(tx: Transaction, id: string): Promise<void> {
  return removeResourcesBelow(tx, { type: OPERATION_TYPE, prefix: `${id}/operations/` });
}

export async function storedRequest(id: string, { data, sealing }: Pick<ManagementParts, 'data' | 'sealing'>): Promise<StoredRequest> {
  const row = await findResource(data.database, requestId(id));
  if (row === null || row.secrets === null) throw new Error(`the deployment ${id} has no request`);
  return sealing.open(row.secrets) as StoredRequest;
}

/** Keeps the template alone, since nobody needs the values of parameters any more. */
export async function keepTemplate(tx: Transaction, id: string, request: StoredRequest, sealing: Sealing, now: Instant): Promise<void> {
  const row = await lockResource(tx, requestId(id));
  if (row === null) throw new Error(`the deployment ${id} has no request`);
  const template = templateIn(request.text);
  await updateResource(tx, row, { secrets: sealing.seal({ ...request, text: JSON.stringify({ properties: { template } }) }) }, now);
}

export async function insertOperation(database: Database, deployment: string, operation: string, spec: OperationSpec, now: Instant): Promise<void> {
  await insertResource(database, { id: `${deployment}/operations/${operation}`, type: OPERATION_TYPE, spec: packed(spec) }, now);
}

export async function endOperation(tx: Transaction, deployment: string, operation: string, end: NonNullable<OperationSpec['end']>): Promise<void> {
  const row = await lockResource(tx, `${deployment}/operations/${operation}`);
  if (row === null) throw new Error(`the operation ${operation} of ${deployment} was never begun`);
  await updateResource(tx, row, { spec: packed({ ...operationSpecOf(row), end }) }, end.at);
}

function requestId(deployment: string): string {
  return `${deployment}/requests/last`;
}
