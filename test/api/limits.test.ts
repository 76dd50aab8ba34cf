import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LIMITS } from '../../src/wire/limits.ts';
import { testApi, UBUNTU, type Sent, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(async () => {
  await it.clear();
  for (const [url, body] of [['/pools', pool({ id: 'p' })], ['/jobs', job({ id: 'j', usesTaskDependencies: true })]] as const) expect((await it.ask({ method: 'POST', url, body })).status).toBe(201);
});
afterAll(() => it.close());

type Members = Readonly<Record<string, unknown>>;
function pool(members: Members): Members {
  return { id: 'new', vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU, ...members };
}
function job(members: Members): Members {
  return { id: 'new', poolInfo: { poolId: 'p' }, ...members };
}
function addPool(members: Members): Sent {
  return { method: 'POST', url: '/pools', body: pool(members) };
}
function addJob(members: Members): Sent {
  return { method: 'POST', url: '/jobs', body: job(members) };
}
function addTask(members: Members): Sent {
  return { method: 'POST', url: '/jobs/j/tasks', body: { id: 'new', commandLine: 'x', ...members } };
}
function addSchedule(schedule: Members, specification: Members = {}): Sent {
  return { method: 'POST', url: '/jobschedules', body: { id: 'new', schedule, jobSpecification: { poolInfo: { poolId: 'p' }, ...specification } } };
}
function scaled(members: Members): Sent {
  return addPool({ enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes=0', ...members });
}
function machine(members: Members): Sent {
  return addPool({ virtualMachineConfiguration: { ...UBUNTU, ...members } });
}

function list<Item>(count: number, item: (index: number) => Item): readonly Item[] {
  return Array.from({ length: count }, (_, index) => item(index));
}
function text(length: number): string {
  return 'x'.repeat(length);
}
function nat(index: number, members: Members = {}): Members {
  return { name: `n${index}`, protocol: 'tcp', backendPort: 80 + index, frontendPortRangeStart: 1_000 + 100 * index, frontendPortRangeEnd: 1_099 + 100 * index, ...members };
}
function nats(...pools: readonly Members[]): Sent {
  return addPool({ networkConfiguration: { endpointConfiguration: { inboundNATPools: pools } } });
}
function rules(count: number, first = 150): readonly Members[] {
  return list(count, (index) => ({ priority: first + index, access: 'allow', sourceAddressPrefix: '*' }));
}
function mounts(count: number): readonly Members[] {
  return list(count, (index) => ({ nfsMountConfiguration: { source: 'host:/x', relativeMountPath: `m${index}` } }));
}
function packages(count: number): readonly Members[] {
  return list(count, (index) => ({ applicationId: `a${index}` }));
}
/** Certificates that are not there. */
function certificates(count: number): Sent {
  return { ...addPool({ certificateReferences: list(count, (index) => ({ thumbprint: `${index}`.padStart(40, 'a'), thumbprintAlgorithm: 'sha1' })) }), url: '/pools?api-version=2023-11-01.18.0' };
}
/** Ranges whose JSON is as long as that: one more digit is one more character. */
function ranges(characters: number): readonly Members[] {
  const ten = { start: 10, end: 10 };
  const each = JSON.stringify(ten).length + 1;
  const count = Math.floor((characters - 1) / each);
  const missing = characters - (1 + count * each);
  return list(count, (index) => (index < missing ? { start: 10, end: 100 } : ten));
}
/** A start task whose JSON is as long as that. */
function startTask(characters: number): Members {
  return { commandLine: text(characters - JSON.stringify({ commandLine: '' }).length) };
}
/** Resource files whose JSON is as long as that. */
function files(characters: number): readonly Members[] {
  const file = { httpUrl: 'http://host/x', filePath: '' };
  return [{ ...file, httpUrl: `${file.httpUrl}${text(characters - JSON.stringify([file]).length)}` }];
}
function upgrade(members: Members): Sent {
  return addPool({ upgradePolicy: { mode: 'rolling', rollingUpgradePolicy: members } });
}
function ids(characters: number): readonly string[] {
  return [...list(Math.floor(characters / 50) - 1, (index) => String(index).padStart(50, 'x')), text(50 + (characters % 50))];
}

const INVALID = 'InvalidPropertyValue';
/** Of each limit of the service what is just within it, and what is just beyond, with the code that refuses it. */
const BOUNDARIES: readonly (readonly [limit: string, within: Sent, beyond: Sent, code: string])[] = [
  ['characters of the id of a pool', addPool({ id: text(64) }), addPool({ id: text(65) }), INVALID],
  ['characters of the id of a job', addJob({ id: text(64) }), addJob({ id: text(65) }), INVALID],
  ['characters of the id of a task', addTask({ id: text(64) }), addTask({ id: text(65) }), INVALID],
  ['characters of a display name', addTask({ displayName: text(1_024) }), addTask({ displayName: text(1_025) }), INVALID],
  ['slots of a node by its cores', addPool({ taskSlotsPerNode: 2 * LIMITS.slotsPerCore }), addPool({ taskSlotsPerNode: 2 * LIMITS.slotsPerCore + 1 }), INVALID],
  ['slots of a node', addPool({ vmSize: 'standard_m416ms_v2', taskSlotsPerNode: LIMITS.slotsPerNode }), addPool({ vmSize: 'standard_m416ms_v2', taskSlotsPerNode: LIMITS.slotsPerNode + 1 }), INVALID],
  ['least resize timeout', addPool({ resizeTimeout: 'PT5M' }), addPool({ resizeTimeout: 'PT4M59S' }), INVALID],
  ['least interval of a formula', scaled({ autoScaleEvaluationInterval: 'PT5M' }), scaled({ autoScaleEvaluationInterval: 'PT4M59S' }), INVALID],
  ['longest interval of a formula', scaled({ autoScaleEvaluationInterval: 'PT168H' }), scaled({ autoScaleEvaluationInterval: 'PT168H1S' }), INVALID],
  ['characters of a formula', scaled({ autoScaleFormula: '$TargetDedicatedNodes=0'.padEnd(8_192) }), scaled({ autoScaleFormula: '$TargetDedicatedNodes=0'.padEnd(8_193) }), 'AutoScalingFormulaTooLong'],
  ['statements of a formula', scaled({ autoScaleFormula: 'a=1;'.repeat(99) + '$TargetDedicatedNodes=0;' }), scaled({ autoScaleFormula: 'a=1;'.repeat(100) + '$TargetDedicatedNodes=0;' }), 'AutoScalingFormulaSyntaxError'],
  ['highest priority', addJob({ priority: 1_000 }), addJob({ priority: 1_001 }), 'OutOfRangePriority'],
  ['lowest priority', addJob({ priority: -1_000 }), addJob({ priority: -1_001 }), 'OutOfRangePriority'],
  ['tasks at a time', addJob({ maxParallelTasks: 1 }), addJob({ maxParallelTasks: 0 }), INVALID],
  ['tasks at a time, none', addJob({ maxParallelTasks: -1 }), addJob({ maxParallelTasks: -2 }), INVALID],
  ['least interval of a schedule', addSchedule({ recurrenceInterval: 'PT1M' }), addSchedule({ recurrenceInterval: 'PT59S' }), INVALID],
  ['least window of a schedule', addSchedule({ recurrenceInterval: 'PT1H', startWindow: 'PT1M' }), addSchedule({ recurrenceInterval: 'PT1H', startWindow: 'PT59S' }), INVALID],
  ['longest release', addJob({ jobPreparationTask: { commandLine: 'x' }, jobReleaseTask: { commandLine: 'x', maxWallClockTime: 'PT15M' } }), addJob({ jobPreparationTask: { commandLine: 'x' }, jobReleaseTask: { commandLine: 'x', maxWallClockTime: 'PT15M1S' } }), INVALID],
  ['characters of the prefix of an auto pool', addJob({ poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job', autoPoolIdPrefix: text(20), pool: { vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU } } } }), addJob({ poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job', autoPoolIdPrefix: text(21), pool: { vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU } } } }), INVALID],
  ['characters of the name of a user account', addPool({ userAccounts: [{ name: text(20), password: 'p' }] }), addPool({ userAccounts: [{ name: text(21), password: 'p' }] }), INVALID],
  ['characters of a start task', addPool({ startTask: startTask(LIMITS.startTaskCharacters) }), addPool({ startTask: startTask(LIMITS.startTaskCharacters + 1) }), INVALID],
  ['characters of the resource files of a task', addTask({ resourceFiles: files(LIMITS.resourceFilesCharacters) }), addTask({ resourceFiles: files(LIMITS.resourceFilesCharacters + 1) }), INVALID],
  ['characters of the common resource files of a task', addTask({ multiInstanceSettings: { numberOfInstances: 2, coordinationCommandLine: 'x', commonResourceFiles: files(LIMITS.resourceFilesCharacters) } }), addTask({ multiInstanceSettings: { numberOfInstances: 2, coordinationCommandLine: 'x', commonResourceFiles: files(LIMITS.resourceFilesCharacters + 1) } }), INVALID],
  ['characters of ids that a task depends on', addTask({ dependsOn: { taskIds: ids(LIMITS.dependencyIdCharacters) } }), addTask({ dependsOn: { taskIds: ids(LIMITS.dependencyIdCharacters + 1) } }), 'TaskDependencyListTooLong'],
  ['characters of ranges that a task depends on', addTask({ dependsOn: { taskIdRanges: ranges(LIMITS.dependencyRangeCharacters) } }), addTask({ dependsOn: { taskIdRanges: ranges(LIMITS.dependencyRangeCharacters + 1) } }), 'TaskDependencyRangesTooLong'],
  ['characters of a command line', addTask({ commandLine: text(LIMITS.textCharacters) }), addTask({ commandLine: text(LIMITS.textCharacters + 1) }), INVALID],
  ['nodes of a task', addTask({ multiInstanceSettings: { numberOfInstances: 100, coordinationCommandLine: 'x' } }), addTask({ multiInstanceSettings: { numberOfInstances: 101, coordinationCommandLine: 'x' } }), INVALID],
  ['least nodes of a task', addTask({ multiInstanceSettings: { numberOfInstances: 1, coordinationCommandLine: 'x' } }), addTask({ multiInstanceSettings: { numberOfInstances: 0, coordinationCommandLine: 'x' } }), INVALID],
  ['least slots of a task', addTask({ requiredSlots: 1 }), addTask({ requiredSlots: 0 }), INVALID],
  ['least tries of a task', addTask({ constraints: { maxTaskRetryCount: -1 } }), addTask({ constraints: { maxTaskRetryCount: -2 } }), INVALID],
  ['characters of the id of a job schedule', { ...addSchedule({ recurrenceInterval: 'PT1H' }), body: { id: text(64), schedule: {}, jobSpecification: { poolInfo: { poolId: 'p' } } } }, { ...addSchedule({ recurrenceInterval: 'PT1H' }), body: { id: text(65), schedule: {}, jobSpecification: { poolInfo: { poolId: 'p' } } } }, INVALID],
  ...(['jobManagerTask', 'jobPreparationTask'] as const).map((name) => [`characters of the id of a ${name}`, addJob({ [name]: { id: text(64), commandLine: 'x' } }), addJob({ [name]: { id: text(65), commandLine: 'x' } }), INVALID] as const),
  ['characters of the id of a release', addJob({ jobPreparationTask: { commandLine: 'x' }, jobReleaseTask: { id: text(64), commandLine: 'x' } }), addJob({ jobPreparationTask: { commandLine: 'x' }, jobReleaseTask: { id: text(65), commandLine: 'x' } }), INVALID],
  ['tasks of a collection', { method: 'POST', url: '/jobs/j/addtaskcollection', body: { value: list(100, (index) => ({ id: `t${index}`, commandLine: 'x' })) } }, { method: 'POST', url: '/jobs/j/addtaskcollection', body: { value: list(101, (index) => ({ id: `t${index}`, commandLine: 'x' })) } }, 'InvalidRequestBody'],
  ['items of a page', { url: `/jobs?maxresults=${LIMITS.maxResults}` }, { url: `/jobs?maxresults=${LIMITS.maxResults + 1}` }, 'OutOfRangeQueryParameterValue'],
  ['least items of a page', { url: '/jobs?maxresults=1' }, { url: '/jobs?maxresults=0' }, 'InvalidQueryParameterValue'],
  ['items of a page of node counts, once', { url: '/nodecounts?maxresults=10&api-version=2022-10-01.16.0' }, { url: '/nodecounts?maxresults=11&api-version=2022-10-01.16.0' }, 'OutOfRangeQueryParameterValue'],
  ['mounts of a pool', addPool({ mountConfiguration: mounts(10) }), addPool({ mountConfiguration: mounts(11) }), INVALID],
  ['endpoints of a pool', nats(...list(5, (index) => nat(index))), nats(...list(6, (index) => nat(index))), INVALID],
  ['rules of all endpoints of a pool', nats(nat(0, { networkSecurityGroupRules: rules(25) })), nats(nat(0, { networkSecurityGroupRules: rules(26) })), INVALID],
  ['lowest priority of a rule', nats(nat(0, { networkSecurityGroupRules: rules(1, 150) })), nats(nat(0, { networkSecurityGroupRules: rules(1, 149) })), INVALID],
  ['highest priority of a rule', nats(nat(0, { networkSecurityGroupRules: rules(1, 4_096) })), nats(nat(0, { networkSecurityGroupRules: rules(1, 4_097) })), INVALID],
  ['characters of the name of an endpoint', nats(nat(0, { name: text(77) })), nats(nat(0, { name: text(78) })), INVALID],
  ['highest port of a node', nats(nat(0, { backendPort: 65_535 })), nats(nat(0, { backendPort: 65_536 })), INVALID],
  ['ports of a node that Batch keeps', nats(nat(0, { backendPort: 29_875 })), nats(nat(0, { backendPort: 29_876 })), INVALID],
  ['least ports of an endpoint', nats(nat(0, { frontendPortRangeEnd: 1_039 })), nats(nat(0, { frontendPortRangeEnd: 1_038 })), INVALID],
  ['highest port of an endpoint', nats(nat(0, { frontendPortRangeStart: 65_000, frontendPortRangeEnd: 65_534 })), nats(nat(0, { frontendPortRangeStart: 65_000, frontendPortRangeEnd: 65_535 })), INVALID],
  ['ports of an endpoint that Batch keeps', nats(nat(0, { frontendPortRangeStart: 49_900, frontendPortRangeEnd: 49_999 })), nats(nat(0, { frontendPortRangeStart: 49_900, frontendPortRangeEnd: 50_000 })), INVALID],
  ['number of a data disk', machine({ dataDisks: [{ lun: 63, diskSizeGB: 1 }] }), machine({ dataDisks: [{ lun: 64, diskSizeGB: 1 }] }), INVALID],
  ['least number of a data disk', machine({ dataDisks: [{ lun: 0, diskSizeGB: 1 }] }), machine({ dataDisks: [{ lun: -1, diskSizeGB: 1 }] }), INVALID],
  ...([['maxBatchInstancePercent', 5], ['maxUnhealthyInstancePercent', 5], ['maxUnhealthyUpgradedInstancePercent', 0]] as const).flatMap(([name, least]) => [
    [`least ${name} of an upgrade`, upgrade({ [name]: least }), upgrade({ [name]: least - 1 }), INVALID] as const,
    [`highest ${name} of an upgrade`, upgrade({ [name]: 100 }), upgrade({ [name]: 101 }), INVALID] as const,
  ]),
  ['characters of a name in metadata', addPool({ metadata: [{ name: 'n', value: '' }] }), addPool({ metadata: [{ name: '', value: '' }] }), 'EmptyMetadataKey'],
];

test.each(BOUNDARIES)('%s: what is within the limit is taken, what is beyond it is not', async (_limit, within, beyond, code) => {
  const refused = await it.ask(beyond);
  expect([refused.status, refused.json?.code]).toEqual([400, code]);
  const taken = await it.ask(within);
  expect([taken.status < 300, taken.text]).toEqual([true, taken.text]);
});

test.each([
  ['nodes of a removal', LIMITS.nodesPerRemoval, (count: number): Sent => ({ method: 'POST', url: '/pools/p/removenodes', body: { nodeList: list(count, (index) => `tvmps_${index}_d`) } })],
  ['packages of a pool', 10, (count: number): Sent => addPool({ applicationPackageReferences: packages(count) })],
  ['certificates of a pool', 12, certificates],
  ['packages of a task', 10, (count: number): Sent => addTask({ applicationPackageReferences: packages(count) })],
] as const)('%s: beyond the limit their number is refused, within it only that they are not there', async (_limit, most, asking) => {
  const codeOf = async (count: number): Promise<unknown> => (await it.ask(asking(count))).json?.code;
  expect(await codeOf(most + 1)).toBe(INVALID);
  expect(await codeOf(most)).not.toBe(INVALID);
});
