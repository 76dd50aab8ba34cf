import { groupBy } from '../../../base/groups.ts';
import type { ResourceRow } from '../../../store/intents/resources.ts';
import { formatDuration } from '../../../wire/durations.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { statusName } from './finishing.ts';
import { type DeployedResource, DEPLOYMENT_TYPE, type DeploymentSpec, nameOf, operationSpecOf, specOf } from './rows.ts';

/** Clients look again after a second: what they wait for is done in a few. */
export const SOON = { 'retry-after': '1' };

/** A deployment as it is answered. */
export function deploymentView(row: ResourceRow): object {
  const spec = specOf(row);
  const { location, tags } = spec;
  return {
    id: row.id,
    name: nameOf(row),
    type: DEPLOYMENT_TYPE,
    ...(location !== null && { location }),
    ...(tags !== null && { tags }),
    properties: { ...propertiesOf(spec), ...resultOf(spec) },
  };
}

/** What is answered of a deployment that is only validated. */
export function validatedView(id: string, spec: DeploymentSpec): object {
  return { id, name: nameOf({ id }), type: DEPLOYMENT_TYPE, properties: { ...propertiesOf(spec), provisioningState: 'Succeeded', validatedResources: spec.resources.map(({ id }) => ({ id })) } };
}

function propertiesOf({ templateHash, parameters, mode, beganAt, end, correlationId, resources }: DeploymentSpec): object {
  return {
    templateHash,
    parameters,
    mode,
    timestamp: formatTimestamp(end?.at ?? beganAt),
    duration: formatDuration((end?.at ?? beganAt) - beganAt),
    correlationId,
    providers: providersOf(resources),
    dependencies: resources.filter(({ dependsOn }) => dependsOn.length > 0).map((resource) => ({ dependsOn: dependenciesOf(resource, resources), ...named(resource) })),
  };
}

export function stateOf({ end }: DeploymentSpec): 'Running' | 'Succeeded' | 'Failed' | 'Canceled' {
  return end?.state ?? 'Running';
}

function resultOf(spec: DeploymentSpec): object {
  const { end, resources } = spec;
  return {
    provisioningState: stateOf(spec),
    ...(end?.state === 'Succeeded' && { outputs: end.outputs ?? {}, outputResources: resources.map(({ id }) => ({ id })) }),
    ...(end !== null && end.failure !== null && { error: end.failure }),
  };
}

function providersOf(resources: readonly DeployedResource[]): readonly object[] {
  const types = [...groupBy(resources, ({ type }) => type)].map(([type, own]) => ({ namespace: type.slice(0, type.indexOf('/')), resourceType: type.slice(type.indexOf('/') + 1), locations: [...new Set(own.map(({ location }) => location))] }));
  return [...groupBy(types, ({ namespace }) => namespace)].map(([namespace, own]) => ({ namespace, resourceTypes: own.map(({ resourceType, locations }) => ({ resourceType, locations })) }));
}

function dependenciesOf({ dependsOn }: DeployedResource, resources: readonly DeployedResource[]): readonly object[] {
  return resources.filter(({ id }) => dependsOn.includes(id)).map(named);
}

function named({ id, type, name }: Pick<DeployedResource, 'id' | 'type' | 'name'>): object {
  return { id, resourceType: type, resourceName: name };
}

/** One operation of a deployment as it is answered. */
export function operationView(row: ResourceRow): object {
  const { operation, target, beganAt, end } = operationSpecOf(row);
  const state = end === null ? 'Running' : end.failure === null ? 'Succeeded' : 'Failed';
  return {
    id: row.id,
    operationId: nameOf(row),
    properties: {
      provisioningOperation: operation,
      provisioningState: state,
      timestamp: formatTimestamp(end?.at ?? beganAt),
      duration: formatDuration((end?.at ?? beganAt) - beganAt),
      ...(end !== null && { statusCode: statusName(end.status) }),
      ...(end !== null && end.failure !== null && { statusMessage: { status: 'Failed', error: end.failure } }),
      ...(target !== null && { targetResource: named(target) }),
    },
  };
}
