import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { preparationWork, releaseWork } from '../../src/control/jobWork.ts';
import { machineOf } from '../../src/control/nodeRequest.ts';
import { nodeSetup, taskWork, type JobSpec } from '../../src/control/work.ts';
import { dataContract, type ShapeName } from '../../src/wire/dataContract.ts';
import { fatesOf } from '../../src/wire/fates.ts';
import type { PropertyRow } from '../../src/wire/shapes/definition.ts';
import type { NodeStatus } from '../../src/core/status.ts';
import type { PoolAdd, TaskAdd } from '../../src/wire/types.generated.ts';
import { opened } from '../../src/store/sealedSpecs.ts';
import { SEALING } from '../api/management/support.ts';
import { NEWEST, testApi, type TestApi } from '../api/support.ts';

/**
 * Each property that a client can send is sent twice, with values that differ in it alone. What that changes says where
 * it acts: in the answer, in what the rules read, in what an agent is given.
 */

type Json = Readonly<Record<string, unknown>>;
/** What has become of a body. */
interface Outcome {
  readonly answer: unknown;
  readonly rules: unknown;
  readonly work: unknown;
}

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const NODE = { id: 'tvmps_1_d', dedicated: true, slots: 2 } as NodeStatus;
const sign = { container: (name: string, prefix?: string) => `signed:${name}/${prefix ?? ''}`, url: (url: string) => `signed:${url}?signed`, endpoint: (account: string) => `http://${account}` };
const packages = { accountName: 'mybatchaccount', active: [], sign };
/** What else the rules know of a pool. */
const ASKED = ['target_dedicated', 'target_low_priority', 'resize_timeout_ms'];
const NEWER = '2024-07-01.20.0';
const OLDER = '2024-02-01.19.0';
const GRANTS = { slots: 1, sign, packages, token: () => 'token' };

async function rowOf(table: 'pool' | 'job' | 'task'): Promise<Json> {
  const { rows } = await it.pool.query<Json>(`select * from ${table}`);
  if (rows[0] === undefined) throw new Error(`nothing found in ${table}`);
  return withoutSeals(table, rows[0]);
}

/** What is sealed never looks the same twice. */
function withoutSeals(table: 'pool' | 'job' | 'task', row: Json): Json {
  return { ...row, spec: opened(`${table}.spec`, row['spec'], SEALING), ...(table === 'job' ? { auto_pool: opened('job.auto_pool', row['auto_pool'], SEALING) } : {}) };
}

/** What the service said to the last body that it did not take. */
let refusal = '';
/** Of the bodies that are asked about: some properties have only older ones. */
let version = NEWER;
async function add(url: string, body: Json): Promise<boolean> {
  const { status, json } = await it.ask({ method: 'POST', url: `${url}?api-version=${version}`, body });
  if (status !== 201) refusal = JSON.stringify([json.code, json.values]);
  return status === 201;
}
async function answerOf(url: string): Promise<unknown> {
  return (await it.ask({ url: `${url}?api-version=${version}` })).json;
}

/** A pool as its nodes are told of it. */
function storedPool(id: string, spec: unknown): Parameters<typeof nodeSetup>[1] {
  const certificates = THUMBPRINTS.map((thumbprint) => ({ thumbprint, format: 'cer' as const, data: '', password: null })).filter(({ thumbprint }) => JSON.stringify(spec).includes(thumbprint));
  return { id, spec: spec as PoolAdd, certificates };
}

const ROOTS: Readonly<Record<'PoolAdd' | 'JobAdd' | 'TaskAdd', (body: Json) => Promise<Outcome | null>>> = {
  PoolAdd: async (body) => {
    if (!(await add('/pools', body))) return null;
    const { spec, id, rules, ...row } = await rowOf('pool');
    return { answer: await answerOf(`/pools/${String(id)}`), rules: [rules, ...ASKED.map((column) => row[column])], work: [nodeSetup(NODE, storedPool(String(id), spec), { name: 'a', url: 'u' }, GRANTS), machineOf(spec as PoolAdd)] };
  },
  JobAdd: async (body) => {
    if (!(await add('/jobs', body))) return null;
    const { spec, id, rules, auto_pool: autoPool } = await rowOf('job');
    const job = { id: String(id), spec } as JobSpec;
    const key = { job: 1, kind: 'preparation', attempt: 1 } as const;
    const manager = (await it.pool.query<{ spec: TaskAdd; rules: unknown; required_slots: number }>('select spec, rules, required_slots from task')).rows[0];
    const works = [
      job.spec.jobPreparationTask === undefined ? null : preparationWork(key, job, sign),
      job.spec.jobReleaseTask === undefined ? null : releaseWork(job, sign),
      manager === undefined ? null : taskWork(opened('task.spec', manager.spec, SEALING), job, GRANTS),
      taskWork({ id: 't', commandLine: 'x' }, job, GRANTS),
      autoPool === null ? null : [nodeSetup(NODE, storedPool('auto', (autoPool as Json)['spec']), { name: 'a', url: 'u' }, GRANTS), machineOf((autoPool as Json)['spec'] as PoolAdd)],
    ];
    return { answer: await answerOf(`/jobs/${String(id)}`), rules: [rules, autoPool, manager?.rules, manager?.required_slots], work: works };
  },
  TaskAdd: async (body) => {
    if (!(await add('/jobs', { id: 'j', poolInfo: { poolId: 'p' }, usesTaskDependencies: true, onTaskFailure: 'performexitoptionsjobaction' })) || !(await add('/jobs/j/tasks', body))) return null;
    const { spec, rules, required_slots: slots } = await rowOf('task');
    const id = (spec as TaskAdd).id;
    const task = spec as TaskAdd;
    const among = task.multiInstanceSettings === undefined ? undefined : { instance: 0, hosts: [] };
    return { answer: await answerOf(`/jobs/j/tasks/${id}`), rules: [rules, slots], work: taskWork(task, { id: 'j', spec: { id: 'j', poolInfo: { poolId: 'p' } } }, { ...GRANTS, among }) };
  },
};

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const GALLERY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/custom';
function privateKey(): string {
  return String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

const IDENTITY = { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i' };
const FILES = [{ httpUrl: 'http://host/file', filePath: 'a/file', fileMode: '0770', identityReference: IDENTITY }];
const ENVIRONMENT = [{ name: 'A', value: 'b' }];
const METADATA = [{ name: 'a', value: 'b' }];
const AUTO = { autoUser: { scope: 'task', elevationLevel: 'admin' } };
const OUTPUTS = [{ filePattern: '*.txt', destination: { container: { containerUrl: 'http://host/container', path: 'p', identityReference: IDENTITY, uploadHeaders: [{ name: 'x-ms-a', value: 'b' }] } }, uploadOptions: { uploadCondition: 'taskcompletion' } }];
const REGISTRY = { username: 'user', password: 'secret', registryServer: 'registry.example' };
const CONTAINER = { imageName: 'image', containerRunOptions: '--init', workingDirectory: 'containerImageDefault', registry: REGISTRY, containerHostBatchBindMounts: [{ source: 'Shared', isReadOnly: true }] };
const CONTAINERS = { ...IMAGE, containerConfiguration: { type: 'dockerCompatible', containerImageNames: ['image'], containerRegistries: [REGISTRY] } };
const COMMAND = { commandLine: 'run', resourceFiles: FILES, environmentSettings: ENVIRONMENT, userIdentity: AUTO };
const CONSTRAINTS = { maxWallClockTime: 'PT1H', retentionTime: 'PT2H', maxTaskRetryCount: 1 };
const THUMBPRINTS = ['a'.repeat(40), 'b'.repeat(40)];
const PACKAGES = [{ applicationId: 'app', version: '1.0' }];
const MOUNTS = [
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', accountKey: 'a2V5', relativeMountPath: 'a', blobfuseOptions: '-o ro' } },
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', sasKey: 'sig=x', relativeMountPath: 'a' } },
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', identityReference: IDENTITY, relativeMountPath: 'a' } },
  { nfsMountConfiguration: { source: 'host:/a', relativeMountPath: 'a', mountOptions: '-o ro' } },
  { cifsMountConfiguration: { username: 'me', source: '//host/a', relativeMountPath: 'a', mountOptions: '-o ro', password: 'secret' } },
  { azureFileShareConfiguration: { accountName: 'account', accountKey: 'a2V5', azureFileUrl: 'https://account.file.core.windows.net/s', relativeMountPath: 'a', mountOptions: '-o ro' } },
];
const NAT = { endpointConfiguration: { inboundNATPools: [{ name: 'web', protocol: 'tcp', backendPort: 8080, frontendPortRangeStart: 15000, frontendPortRangeEnd: 15100, networkSecurityGroupRules: [{ priority: 150, access: 'allow', sourceAddressPrefix: '10.0.0.0/8', sourcePortRanges: ['1000-2000'] }] }] } };
const OPTIONS = { jobAction: 'terminate', dependencyAction: 'block' };

function withAutoPool(pool: Json): Json {
  return { id: 'j', poolInfo: { autoPoolSpecification: { autoPoolIdPrefix: 'p', poolLifetimeOption: 'job', keepAlive: true, pool } } };
}

/** Bodies that have each property between them. */
const BODIES: Readonly<Record<keyof typeof ROOTS, readonly Json[]>> = {
  PoolAdd: [
    {
      id: 'p', displayName: 'Pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, targetLowPriorityNodes: 1, resizeTimeout: 'PT6M', taskSlotsPerNode: 2, metadata: METADATA,
      taskSchedulingPolicy: { nodeFillType: 'pack' }, applicationPackageReferences: PACKAGES, startTask: { ...COMMAND, maxTaskRetryCount: 2, waitForSuccess: true }, enableInterNodeCommunication: true,
      userAccounts: [{ name: 'user', password: 'secret1!', linuxUserConfiguration: { uid: 2000, gid: 2001, sshPrivateKey: privateKey() } }],
    },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, startTask: { commandLine: 'x', resourceFiles: [{ autoStorageContainerName: 'c', blobPrefix: 'p' }] } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, startTask: { commandLine: 'x', resourceFiles: [{ storageContainerUrl: 'http://host/c' }] } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, taskSchedulingPolicy: { nodeFillType: 'pack', jobDefaultOrder: 'creationtime' } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: CONTAINERS, startTask: { commandLine: 'x', containerSettings: CONTAINER } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: { ...IMAGE, containerConfiguration: { type: 'dockerCompatible', containerRegistries: [{ registryServer: 'registry.example', identityReference: IDENTITY }] } } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 1;', autoScaleEvaluationInterval: 'PT6M' },
    ...[{ ...IMAGE.imageReference, version: '22.04.1' }, { virtualMachineImageId: GALLERY }, { sharedGalleryImageId: '/sharedGalleries/g/images/i' }, { communityGalleryImageId: '/CommunityGalleries/g/images/i' }].map((imageReference) => ({ id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: { ...IMAGE, imageReference } })),
    ...MOUNTS.map((mount) => ({ id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, mountConfiguration: [mount] })),
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, networkConfiguration: NAT },
    { id: 'p', vmSize: 'small', cloudServiceConfiguration: { osFamily: '4' } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, startTask: { commandLine: 'x', runElevated: true } },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, enableInterNodeCommunication: true, userAccounts: [{ name: 'user', password: 'secret1!', sshPrivateKey: privateKey() }] },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, certificateReferences: [{ thumbprint: THUMBPRINTS[0], thumbprintAlgorithm: 'sha1', visibility: ['starttask'] }] },
    { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, userAccounts: [{ name: 'user', password: 'secret1!', elevationLevel: 'admin' }], startTask: { commandLine: 'x', userIdentity: { username: 'user' } } },
  ],
  JobAdd: [
    {
      id: 'j', displayName: 'Job', priority: 3, maxParallelTasks: 4, allowTaskPreemption: true, poolInfo: { poolId: 'p' }, usesTaskDependencies: true, onAllTasksComplete: 'terminatejob', onTaskFailure: 'performexitoptionsjobaction', metadata: METADATA,
      commonEnvironmentSettings: ENVIRONMENT, constraints: { maxWallClockTime: 'PT1H', maxTaskRetryCount: 2 },
      jobPreparationTask: { id: 'prepare', ...COMMAND, containerSettings: CONTAINER, constraints: CONSTRAINTS, waitForSuccess: true, rerunOnNodeRebootAfterSuccess: true },
      jobReleaseTask: { id: 'release', ...COMMAND, containerSettings: CONTAINER, maxWallClockTime: 'PT5M', retentionTime: 'PT1H' },
      jobManagerTask: { id: 'manager', containerSettings: CONTAINER, displayName: 'Manager', ...COMMAND, outputFiles: OUTPUTS, constraints: CONSTRAINTS, requiredSlots: 2, killJobOnCompletion: false, runExclusive: false, allowLowPriorityNode: false, authenticationTokenSettings: { access: ['job'] }, applicationPackageReferences: PACKAGES },
    },
    {
      id: 'j', poolInfo: { poolId: 'p' }, jobPreparationTask: { commandLine: 'x', runElevated: true }, jobReleaseTask: { commandLine: 'x', runElevated: true }, jobManagerTask: { id: 'manager', commandLine: 'x', runElevated: true },
    },
    withAutoPool({
      displayName: 'Pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, targetLowPriorityNodes: 1, resizeTimeout: 'PT6M', taskSlotsPerNode: 2, metadata: METADATA,
      taskSchedulingPolicy: { nodeFillType: 'pack' }, applicationPackageReferences: PACKAGES, startTask: { commandLine: 'run', waitForSuccess: true }, userAccounts: [{ name: 'user', password: 'secret1!' }], enableInterNodeCommunication: true,
    }),
    withAutoPool({ vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 1;', autoScaleEvaluationInterval: 'PT6M' }),
    ...MOUNTS.slice(0, 1).map((mount) => withAutoPool({ vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, mountConfiguration: [mount] })),
    withAutoPool({ vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, networkConfiguration: NAT }),
    withAutoPool({ vmSize: 'small', cloudServiceConfiguration: { osFamily: '4' } }),
    withAutoPool({ vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, certificateReferences: [{ thumbprint: THUMBPRINTS[0], thumbprintAlgorithm: 'sha1', visibility: ['starttask'] }] }),
  ],
  TaskAdd: [
    { id: 't', commandLine: 'x', runElevated: true },
    { id: 't', commandLine: 'x', multiInstanceSettings: { numberOfInstances: 3, coordinationCommandLine: 'coordinate', commonResourceFiles: FILES } },
    {
      id: 't', displayName: 'Task', ...COMMAND, containerSettings: CONTAINER, outputFiles: OUTPUTS, affinityInfo: { affinityId: 'TVM:a' }, requiredSlots: 2, constraints: CONSTRAINTS, dependsOn: { taskIds: ['d'], taskIdRanges: [{ start: 1, end: 3 }] }, authenticationTokenSettings: { access: ['job'] },
      exitConditions: { exitCodes: [{ code: 1, exitOptions: OPTIONS }], exitCodeRanges: [{ start: 2, end: 4, exitOptions: OPTIONS }], preProcessingError: OPTIONS, fileUploadError: OPTIONS, default: OPTIONS },
      applicationPackageReferences: PACKAGES,
    },
  ],
};

interface Leaf {
  /** `TaskConstraints.retentionTime` */
  readonly property: string;
  readonly shape: ShapeName;
  readonly name: string;
  readonly row: PropertyRow;
  /** In the body. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** What of a body differs from another by a value; below what is not enforced as a whole nothing is looked at. */
function leavesOf(shape: ShapeName, body: Json, path: Leaf['path'] = []): readonly Leaf[] {
  return dataContract.rowsOf(shape).flatMap(([name, row]): readonly Leaf[] => {
    const value = body[name];
    if (value === undefined) return [];
    const [item, at] = row.list === true ? [(value as readonly unknown[])[0], [...path, name, 0]] : [value, [...path, name]];
    if (FIXED.includes(`${shape}.${name}`)) return [];
    const leaf = { property: `${shape}.${name}`, shape, name, row, path: at, value: item };
    const isWhole = leaf.property in OTHERS || fatesOf(shape, name)[0]?.kind !== 'honoured';
    return dataContract.isShape(row.type) && !isWhole ? leavesOf(row.type, item as Json, at) : [leaf];
  });
}

function changed(body: Json, [first, ...rest]: Leaf['path'], value: unknown): unknown {
  if (first === undefined) return value;
  if (Array.isArray(body)) return body.map((item: Json, index) => (index === first ? changed(item, rest, value) : item));
  return { ...body, [first]: changed(body[first] as Json, rest, value) };
}

/** Where what is there is no shape of leaves, or needs more than another word. */
const OTHERS: Readonly<Record<string, unknown>> = {
  'NetworkSecurityGroupRule.sourceAddressPrefix': '10.1.0.0/16',
  'NetworkSecurityGroupRule.sourcePortRanges': '3000',
  'ImageReference.sku': '22_04-lts-gen2',
  'ImageReference.virtualMachineImageId': `${GALLERY}2`,
  'LinuxUserConfiguration.sshPrivateKey': privateKey(),
  'PoolAdd.autoScaleFormula': '$TargetDedicatedNodes = 2;',
  'PoolSpecification.autoScaleFormula': '$TargetDedicatedNodes = 2;',
  'UserAccount.sshPrivateKey': privateKey(),
  'CertificateReference.thumbprint': THUMBPRINTS[1],
  'PoolAdd.cloudServiceConfiguration': { osFamily: '5' },
  'PoolSpecification.cloudServiceConfiguration': { osFamily: '5' },
  // Whose it is matters to nobody: whether there is one does.
  'ResourceFile.identityReference': undefined,
  'OutputFileBlobContainerDestination.identityReference': undefined,
};
/** What has one value alone beside the rest of the body. */
// Of the marketplace only the whole name is another one's.
const FIXED: readonly string[] = ['ImageReference.publisher', 'ImageReference.offer', 'AzureBlobFileSystemConfiguration.identityReference', 'CertificateReference.thumbprintAlgorithm', 'VirtualMachineConfiguration.nodeAgentSKUId', 'AuthenticationTokenSettings.access', 'AutoPoolSpecification.poolLifetimeOption', 'PoolAdd.enableAutoScale', 'PoolSpecification.enableAutoScale'];

/** Values that the service might take instead. */
function othersOf({ property, row, value }: Leaf): readonly unknown[] {
  if (property in OTHERS) return [OTHERS[property]];
  const words = dataContract.enumValues(row.type);
  if (words !== undefined) return words.filter((word) => word.toLowerCase() !== String(value).toLowerCase());
  switch (row.type) {
    case 'boolean':
      return [value !== true];
    case 'duration':
      return ['PT7M', 'PT3H'];
    case 'int32':
      return [Number(value) + 1, Number(value) - 1];
    default:
      return [row.rule === 'fileMode' ? '0700' : `${String(value)}x`, 'batch.node.ubuntu 20.04', 'standard_d4s_v3', 'other'];
  }
}

function versionOf(body: string): string {
  if (body.includes('runElevated')) return '2016-07-01.3.1';
  if (/"password":"[^"]*","sshPrivateKey"/.test(body)) return '2017-01-01.4.0';
  if (body.includes('jobDefaultOrder')) return NEWEST;
  return body.includes('cloudServiceConfiguration') || body.includes('certificateReferences') ? OLDER : NEWER;
}

async function outcomeOf(root: keyof typeof ROOTS, body: unknown): Promise<Outcome | null> {
  await it.clear();
  await it.pool.query(
    `with one as (insert into application (account, id, id_key, allow_updates, container, created, modified) select account, id, id, true, 'c', 1, 1 from account, unnest('{app,appx}'::text[]) as id returning application)
     insert into application_package (application, version, version_key, created, modified, activated_at, activation) select application, version, version, 1, 1, 2, 1 from one, unnest('{1.0,1.0x}'::text[]) as version`,
  );
  await it.pool.query(
    `insert into certificate (account, thumbprint, thumbprint_key, format, data, public_data, state, state_since) select account, one, one, 'cer', '', '', 'active', 1 from account, unnest($1::text[]) as one`,
    [THUMBPRINTS],
  );
  version = versionOf(JSON.stringify(body));
  return ROOTS[root](body as Json);
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

describe.each(Object.keys(ROOTS) as (keyof typeof ROOTS)[])('%s', (root) => {
  const cases = BODIES[root].flatMap((body) => leavesOf(root, body).map((leaf) => ({ where: leaf.path.join('.'), body, leaf })));

  test.each(cases)('$where is kept, and acts', async ({ body, leaf }) => {
    const before = await outcomeOf(root, body);
    let after: Outcome | null = null;
    for (const value of othersOf(leaf)) {
      after = await outcomeOf(root, changed(body, leaf.path, value));
      if (after !== null) break;
    }
    if (before === null || after === null) throw new Error(`${before === null ? 'the body' : 'no other value'} is taken: ${refusal}`);
    if (leaf.row.secret !== true) expect(differs(before.answer, after.answer), 'the answer').toBe(true);
    const [fate] = fatesOf(leaf.shape, leaf.name);
    if (fate?.kind !== 'honoured' || fate.by === 'api') return;
    // What the rules act on in a task is an agent's affair in a preparation task.
    const isRuled = fate.by === 'core' && differs(before.rules, after.rules);
    expect(isRuled || differs(before.work, after.work), `what ${fate.by} goes by`).toBe(true);
  });
});

test('no property that can be sent is left out', () => {
  const varied = new Set(Object.entries(BODIES).flatMap(([root, bodies]) => bodies.flatMap((body) => pathsOf(root as ShapeName, body))));
  const missing: string[] = [];
  const visit = (shape: ShapeName, path: string, above: readonly ShapeName[]): void => {
    for (const [name, row] of dataContract.rowsOf(shape)) {
      const [fate] = fatesOf(shape, name);
      if (row.readOnly === true || fate === undefined || fate.kind !== 'honoured') continue;
      const at = `${path}.${name}`;
      if (!varied.has(at) && !varied.has(`${shape}.${name}`)) missing.push(at);
      if (dataContract.isShape(row.type) && !above.includes(row.type)) visit(row.type, at, [...above, row.type]);
    }
  };
  for (const root of Object.keys(ROOTS) as ShapeName[]) visit(root, root, []);
  expect(missing).toEqual([]);
});

/** Each property of a body by its place, and by its shape. */
function pathsOf(shape: ShapeName, body: Json, path: string = shape): readonly string[] {
  return dataContract.rowsOf(shape).flatMap(([name, row]): readonly string[] => {
    const value = body[name];
    if (value === undefined) return [];
    const item = row.list === true ? (value as readonly unknown[])[0] : value;
    return [`${path}.${name}`, `${shape}.${name}`, ...(dataContract.isShape(row.type) ? pathsOf(row.type, item as Json, `${path}.${name}`) : [])];
  });
}
