import { openApi, OPEN_API_VERSIONS, type OpenApiFacts } from '../wire/fixtures.ts';

/**
 * Looks at answers with the OpenAPI facts of a version alone: with nothing that the service itself goes by. A type
 * reads `type[][!][ readOnly]`; annotations of OData are on every object.
 */

type Shape = Readonly<Record<string, string>>;

/** What versions up to one have of a shape in the place of what the next facts say (versions). */
export interface Former {
  readonly until: string;
  readonly shape: string;
  readonly without: readonly string[];
  readonly with: Shape;
}

const COUNTS = { active: 'integer:int32!', running: 'integer:int32!', completed: 'integer:int32!', succeeded: 'integer:int32!', failed: 'integer:int32!' };
/** The shapes of all that runs a command line on a node. */
const COMMANDS = ['CloudTask', 'StartTask', 'JobManagerTask', 'JobPreparationTask', 'JobReleaseTask'];
const FORMER: readonly Former[] = [
  { until: '2022-01-01.15.0', shape: 'CloudPool', without: ['targetNodeCommunicationMode', 'currentNodeCommunicationMode'], with: {} },
  { until: '2021-06-01.14.0', shape: 'CloudJob', without: ['allowTaskPreemption'], with: {} },
  { until: '2021-06-01.14.0', shape: 'JobSpecification', without: ['allowTaskPreemption'], with: {} },
  { until: '2021-06-01.14.0', shape: 'OutputFileBlobContainerDestination', without: ['uploadHeaders'], with: {} },
  { until: '2020-03-01.11.0', shape: 'ComputeNode', without: ['runningTaskSlotsCount'], with: {} },
  { until: '2020-03-01.11.0', shape: 'CloudPool', without: ['taskSlotsPerNode'], with: { maxTasksPerNode: 'integer:int32' } },
  { until: '2020-03-01.11.0', shape: 'TaskCountsResult', without: ['taskCounts', 'taskSlotCounts'], with: COUNTS },
  { until: '2020-03-01.11.0', shape: 'CloudTask', without: ['requiredSlots'], with: {} },
  { until: '2020-03-01.11.0', shape: 'JobManagerTask', without: ['requiredSlots'], with: {} },
  { until: '2019-06-01.9.0', shape: 'CloudPool', without: ['mountConfiguration'], with: {} },
  { until: '2018-12-01.8.0', shape: 'NetworkSecurityGroupRule', without: ['sourcePortRanges'], with: {} },
  { until: '2018-08-01.7.0', shape: 'CloudJob', without: ['networkConfiguration'], with: {} },
  { until: '2018-08-01.7.0', shape: 'JobSpecification', without: ['networkConfiguration'], with: {} },
  { until: '2018-08-01.7.0', shape: 'TaskContainerSettings', without: ['workingDirectory'], with: {} },
  { until: '2018-03-01.6.1', shape: 'ComputeNode', without: ['nodeAgentInfo'], with: {} },
  { until: '2018-08-01.7.0', shape: 'ResourceFile', without: ['httpUrl', 'autoStorageContainerName', 'storageContainerUrl', 'blobPrefix'], with: { blobSource: 'string!' } },
  { until: '2018-03-01.6.1', shape: 'TaskCountsResult', without: [], with: { validationStatus: 'validated|unvalidated' } },
  { until: '2017-06-01.5.1', shape: 'TaskCountsResult', without: ['validationStatus'], with: {} },
  { until: '2017-06-01.5.1', shape: 'ComputeNode', without: ['endpointConfiguration'], with: {} },
  { until: '2017-06-01.5.1', shape: 'NetworkConfiguration', without: ['endpointConfiguration'], with: {} },
  ...COMMANDS.map((shape) => ({ until: '2017-06-01.5.1', shape, without: ['containerSettings'], with: {} })),
  // As the models of azure-batch 1.0.0, 2.0.1 and 3.0.0 for Python have them.
  { until: '2017-01-01.4.0', shape: 'CloudPool', without: ['resizeErrors', 'currentDedicatedNodes', 'currentLowPriorityNodes', 'targetDedicatedNodes', 'targetLowPriorityNodes', 'applicationLicenses'], with: { resizeError: 'ResizeError', currentDedicated: 'integer:int32!', targetDedicated: 'integer:int32' } },
  { until: '2017-01-01.4.0', shape: 'JobPreparationTaskExecutionInformation', without: ['failureInfo', 'result'], with: { schedulingError: 'TaskFailureInformation' } },
  { until: '2017-01-01.4.0', shape: 'JobReleaseTaskExecutionInformation', without: ['failureInfo', 'result'], with: { schedulingError: 'TaskFailureInformation' } },
  { until: '2017-01-01.4.0', shape: 'StartTaskInformation', without: ['failureInfo', 'result'], with: { schedulingError: 'TaskFailureInformation' } },
  { until: '2017-01-01.4.0', shape: 'SubtaskInformation', without: ['failureInfo', 'result'], with: { schedulingError: 'TaskFailureInformation' } },
  { until: '2017-01-01.4.0', shape: 'TaskExecutionInformation', without: ['failureInfo', 'result'], with: { schedulingError: 'TaskFailureInformation' } },
  { until: '2017-01-01.4.0', shape: 'ComputeNode', without: ['isDedicated'], with: {} },
  { until: '2017-01-01.4.0', shape: 'ExitConditions', without: ['preProcessingError', 'fileUploadError'], with: { schedulingError: 'ExitOptions' } },
  { until: '2017-01-01.4.0', shape: 'CloudTask', without: ['outputFiles'], with: {} },
  { until: '2017-01-01.4.0', shape: 'JobManagerTask', without: ['outputFiles', 'allowLowPriorityNode'], with: {} },
  { until: '2016-07-01.3.1', shape: 'CloudTask', without: ['userIdentity', 'authenticationTokenSettings'], with: { runElevated: 'boolean' } },
  { until: '2016-07-01.3.1', shape: 'JobManagerTask', without: ['userIdentity', 'authenticationTokenSettings'], with: { runElevated: 'boolean' } },
  { until: '2016-07-01.3.1', shape: 'JobPreparationTask', without: ['userIdentity', 'authenticationTokenSettings'], with: { runElevated: 'boolean' } },
  { until: '2016-07-01.3.1', shape: 'JobReleaseTask', without: ['userIdentity', 'authenticationTokenSettings'], with: { runElevated: 'boolean' } },
  { until: '2016-07-01.3.1', shape: 'StartTask', without: ['userIdentity', 'authenticationTokenSettings'], with: { runElevated: 'boolean' } },
  { until: '2016-07-01.3.1', shape: 'CloudPool', without: ['userAccounts'], with: {} },
  { until: '2016-07-01.3.1', shape: 'ExitOptions', without: ['dependencyAction'], with: {} },
  { until: '2016-07-01.3.1', shape: 'JobSpecification', without: ['onAllTasksComplete', 'onTaskFailure'], with: {} },
];

/** The facts of a version: its own, or those of the next version that has some, less what came with that. */
export function factsOf(version: string): OpenApiFacts {
  const next = OPEN_API_VERSIONS.find((text) => text >= version);
  if (next === undefined) throw new Error(`there are no facts of ${version} or later`);
  return formerly(openApi(next), version, FORMER);
}

/** The facts of a later version as an earlier one has them. */
export function formerly(facts: OpenApiFacts, version: string, former: readonly Former[]): OpenApiFacts {
  const shapes = { ...facts.shapes };
  for (const { until, shape, without, with: more } of former) {
    if (version > until) continue;
    const kept = Object.entries(shapes[shape] ?? {}).filter(([name]) => !without.includes(name));
    shapes[shape] = { ...Object.fromEntries(kept), ...more };
  }
  return { ...facts, shapes };
}

/** What of an answer the facts do not have, each as its path and a word. */
export function violations(facts: OpenApiFacts, definition: string, value: unknown, path = definition): readonly string[] {
  const shape = facts.shapes[definition];
  if (shape === undefined) throw new Error(`the facts have no shape ${definition}`);
  if (!isObject(value)) return [`${path} is no object`];
  const unknown = Object.keys(value).filter((name) => shape[name] === undefined && !name.startsWith('odata.') && !name.includes('@odata.'));
  const known = Object.entries(value).flatMap(([name, one]) => (shape[name] === undefined ? [] : typeViolations(facts, shape[name], one, `${path}.${name}`)));
  return [...unknown.map((name) => `${path}.${name} is unknown`), ...missing(shape, value).map((name) => `${path}.${name} is missing`), ...known];
}

function missing(shape: Shape, value: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(shape).flatMap(([name, type]) => (type.replace(' readOnly', '').endsWith('!') && value[name] === undefined ? [name] : []));
}

function typeViolations(facts: OpenApiFacts, type: string, value: unknown, path: string): readonly string[] {
  const plain = type.replace(' readOnly', '').replace(/!$/, '');
  if (!plain.endsWith('[]')) return itemViolations(facts, plain, value, path);
  if (!Array.isArray(value)) return [`${path} is no list`];
  return value.flatMap((item, index) => itemViolations(facts, plain.slice(0, -2), item, `${path}[${index}]`));
}

function itemViolations(facts: OpenApiFacts, type: string, value: unknown, path: string): readonly string[] {
  if (facts.shapes[type] !== undefined) return violations(facts, type, value, path);
  const values = facts.enums[type] ?? (type.includes('|') ? type.split('|') : undefined);
  if (values !== undefined) return typeof value === 'string' && values.some((one) => one.toLowerCase() === value.toLowerCase()) ? [] : [`${path} is ${JSON.stringify(value)}, none of ${values.join(', ')}`];
  // The values of some enums were lost: they read as names that are no shape.
  const holds = (SCALARS[type] ?? isText)(value);
  return holds ? [] : [`${path} is ${JSON.stringify(value)}, no ${type}`];
}

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  'string': isText,
  'string:uri': isText,
  'string:byte': isText,
  'string:int64': (value) => isText(value) && /^-?\d+$/.test(value),
  'string:date-time': (value) => isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(value),
  'string:duration': (value) => isText(value) && /^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(value),
  'integer:int32': (value) => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31,
  // As text since 2024-07-01.20.0 (versions), as a number before; clients of each read both.
  'integer:int64': (value) => Number.isSafeInteger(value) || (isText(value) && /^-?\d+$/.test(value)),
  'integer': Number.isInteger,
  'number': Number.isFinite,
  'number:double': Number.isFinite,
  'number:float': Number.isFinite,
  'boolean': (value) => typeof value === 'boolean',
  'map': isObject,
};

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
