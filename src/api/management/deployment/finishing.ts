import { STATUS_CODES } from 'node:http';
import { findResource, listResourcesIn, lockResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { uniqueString } from '../../../templates/names.ts';
import type { Plan } from '../../../templates/plan.ts';
import { type Doing, type Ended, type Failure, ResourceFailure, run } from '../../../templates/run.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { parseResourceId } from '../../../wire/management/resourceId.ts';
import type { ManagementParts } from '../call.ts';
import type { Later } from '../../later.ts';
import { deleteResource, putResource, readKeys, readResource } from './doing.ts';
import { isForClient, planFor } from './planning.ts';
import { readDeployment } from './request.ts';
import { type DeploymentEnd, type DeploymentSpec, endOperation, forgetOperations, insertOperation, keepTemplate, nameOf, type OperationSpec, specOf, type StoredRequest, storedRequest, updateDeployment } from './rows.ts';

/** Version that what a template does not name is deleted with. */
const DELETING_VERSION = '2025-06-01';
const CANCEL_LOOK_MS = 1_000;
/** What a group may have, in one page. */
const MOST_RESOURCES = 10_000;

/** Of each service: what stops the deployments that it does now, by their ids. */
const underWay = new WeakMap<Later, Map<string, AbortController>>();

/** Does a deployment that was begun, once at a time; may be done again, from its beginning. */
export async function finishDeployment(id: string, parts: ManagementParts): Promise<void> {
  const key = id.toLowerCase();
  const own = underWay.get(parts.later) ?? new Map<string, AbortController>();
  underWay.set(parts.later, own);
  if (own.has(key)) return;
  const cancel = new AbortController();
  own.set(key, cancel);
  // Another process may have been asked to cancel it.
  const looking = setInterval(() => {
    findResource(parts.data.database, id).then(
      (row) => {
        if (row !== null && specOf(row).isCancelled) cancel.abort();
      },
      () => undefined,
    );
  }, CANCEL_LOOK_MS);
  try {
    const row = await findResource(parts.data.database, id);
    if (row === null || row.state !== 'Creating') return;
    const spec = specOf(row);
    if (spec.isCancelled) cancel.abort();
    const request = await storedRequest(id, parts);
    const ended = await deploy(row, spec, request, cancel.signal, parts);
    await end(row, ended, request, parts);
  } finally {
    clearInterval(looking);
    own.delete(key);
  }
}

/** Lets what has begun go on to its end, and begins nothing more. */
export function cancelDeployment(id: string, { later }: ManagementParts): void {
  underWay.get(later)?.get(id.toLowerCase())?.abort();
}

async function deploy(row: ResourceRow, spec: DeploymentSpec, request: StoredRequest, signal: AbortSignal, parts: ManagementParts): Promise<Ended> {
  await transaction(parts.data.database, (tx) => forgetOperations(tx, row.id));
  try {
    const group = await groupOf(row, parts);
    const { correlationId, beganAt } = spec;
    const plan = planFor(readDeployment(request.text), { name: nameOf(row), group, correlationId, beganAt, baseUrl: request.baseUrl, directory: parts.directory });
    const ended = await run(plan, doing(row.id, request, parts), signal);
    if (ended.state !== 'Succeeded' || spec.mode !== 'Complete' || group === null) return ended;
    const failures = await deleteOthers(plan, group, row.id, request, parts);
    return failures.length === 0 ? ended : { state: 'Failed', failure: { code: 'DeploymentFailed', message: 'At least one resource deployment operation failed. Please list deployment operations for details.', details: failures } };
  } catch (error) {
    // The group, or what the template asks of it, is another one than when the deployment was accepted.
    if (!isForClient(error)) throw error;
    return { state: 'Failed', failure: { code: error.code, message: error.message } };
  }
}

/** Null: the deployment is one to the subscription. @throws ManagementError ResourceGroupNotFound (404). */
async function groupOf({ id }: ResourceRow, { data }: ManagementParts): Promise<ResourceRow | null> {
  const [group] = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id) ?? [];
  if (group === undefined) return null;
  const found = await findResource(data.database, group);
  if (found === null) throw new ManagementError('ResourceGroupNotFound', `Resource group '${nameOf({ id: group })}' could not be found.`);
  return found;
}

function doing(deployment: string, request: StoredRequest, parts: ManagementParts): Doing {
  const asking = { within: parts.within, request };
  return {
    put: ({ id, apiVersion }, body) => putResource(asking, id, apiVersion, body),
    get: (id, apiVersion) => readResource(asking, id, apiVersion),
    listKeys: (id, apiVersion) => readKeys(asking, id, apiVersion),
    began: ({ id, type, name }) => began(deployment, { operation: 'Create', target: { id, type, name } }, parts),
    ended: ({ id }, failure) => endedOperation(deployment, id, failure, parts),
  };
}

/** In mode Complete: what is in the group, and not in the template. */
async function deleteOthers(plan: Plan, group: ResourceRow, deployment: string, request: StoredRequest, parts: ManagementParts): Promise<readonly Failure[]> {
  const kept = new Set(plan.resources.map(({ id }) => id.toLowerCase()));
  const failures: Failure[] = [];
  for (const { id } of await listResourcesIn(parts.data.database, group.id, MOST_RESOURCES)) {
    const parsed = parseResourceId(id);
    if (kept.has(id.toLowerCase()) || parsed === undefined || parsed.names.length > 1) continue;
    await began(deployment, { operation: 'Delete', target: { id, type: parsed.type, name: parsed.names.join('/') } }, parts);
    try {
      await deleteResource({ within: parts.within, request }, id, DELETING_VERSION);
      await endedOperation(deployment, id, null, parts);
    } catch (error) {
      if (!(error instanceof ResourceFailure)) throw error;
      failures.push({ ...error.failure, target: id });
      await endedOperation(deployment, id, error, parts);
    }
  }
  return failures;
}

function began(deployment: string, of: Pick<OperationSpec, 'operation' | 'target'>, { data, clock }: ManagementParts): Promise<void> {
  const beganAt = clock();
  return insertOperation(data.database, deployment, operationIdOf(of.target?.id ?? ''), { ...of, beganAt, end: null }, beganAt);
}

function endedOperation(deployment: string, id: string, failure: ResourceFailure | null, { data, clock }: ManagementParts): Promise<void> {
  const ended = { at: clock(), status: failure?.status ?? 200, failure: failure?.failure ?? null };
  return transaction(data.database, (tx) => endOperation(tx, deployment, operationIdOf(id), ended));
}

function operationIdOf(id: string): string {
  return uniqueString([id.toLowerCase()]).toUpperCase();
}

async function end(row: ResourceRow, ended: Ended, request: StoredRequest, parts: ManagementParts): Promise<void> {
  const { data, clock, sealing } = parts;
  const at = clock();
  const how: DeploymentEnd = { state: ended.state, at, outputs: ended.state === 'Succeeded' ? ended.outputs : null, failure: ended.state === 'Failed' ? ended.failure : null };
  if (how.outputs !== null && Object.keys(how.outputs).length > 0) {
    await began(row.id, { operation: 'EvaluateDeploymentOutput', target: null }, parts);
    await endedOperation(row.id, '', null, parts);
  }
  await transaction(data.database, async (tx) => {
    const locked = await lockResource(tx, row.id);
    if (locked === null) throw new Error(`the deployment ${row.id} was removed while it ran`);
    await updateDeployment(tx, locked, { ...specOf(locked), end: how }, at);
    await keepTemplate(tx, row.id, request, sealing, at);
  });
}

/** `Conflict`, as operations tell a status of HTTP. */
export function statusName(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, '');
}
