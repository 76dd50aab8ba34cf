import { describe, expect, test } from 'vitest';
import { type ShapeName, dataContract } from '../../src/wire/dataContract.ts';
import { checkAllTasksCompleteChange, checkTaskAgainstJob, rules } from '../../src/wire/rules.ts';
import type { TaskAdd } from '../../src/wire/types.generated.ts';
import { NEWEST_API_VERSION, parseApiVersion } from '../../src/wire/versions.ts';
import { withJobDefaults, withPoolDefaults, withStartTaskDefaults, withTaskDefaults, withUserDefaults } from '../../src/wire/defaults.ts';
import { codeOf, errorOf, valuesOf } from './fixtures.ts';
import { sampleOf } from './samples.ts';

const pool = sampleOf('PoolAdd');
const { virtualMachineConfiguration: machine, ...bare } = pool;
const GALLERY_IMAGE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/custom/versions/1.0.0';
const nat = sampleOf('InboundNatPool');
function networkRule(priority: number) {
  return { priority, access: 'allow', sourceAddressPrefix: '*' };
}
function nfsAt(relativeMountPath: string) {
  return { nfsMountConfiguration: { source: 'host:/', relativeMountPath } };
}
const WINDOWS = { imageReference: { publisher: 'microsoftwindowsserver', offer: 'windowsserver', sku: '2022-datacenter' }, nodeAgentSKUId: 'batch.node.windows amd64' };
function poolCases(base: Readonly<Record<string, unknown>>) {
  const { virtualMachineConfiguration: _machine, ...without } = base;
  return {
    'one kind of machine': [
      [without, 'MissingRequiredProperty'],
      [{ ...base, cloudServiceConfiguration: { osFamily: '5' } }, 'InvalidPropertyValue'],
    ],
    'a formula or targets': [
      [{ ...base, autoScaleFormula: '$TargetDedicatedNodes=1;' }, 'InvalidPropertyValue'],
      [{ ...base, enableAutoScale: true }, 'InvalidPropertyValue'],
      [{ ...base, enableAutoScale: true, autoScaleFormula: 'x', targetDedicatedNodes: 1 }, 'InvalidPropertyValue'],
      [{ ...base, enableAutoScale: true, autoScaleFormula: 'x', targetLowPriorityNodes: 1 }, 'InvalidPropertyValue'],
    ],
    'slots fit the size': [
      [{ ...base, vmSize: 'thisisinvalid' }, 'InvalidPropertyValue'],
      [{ ...base, vmSize: 'STANDARD_A0' }, 'InvalidPropertyValue'],
      [{ ...base, vmSize: 'standard_d1_v2', taskSlotsPerNode: 5 }, 'InvalidPropertyValue'],
    ],
    'licences of applications, tags and upgrades are what they can be': [
      [{ ...base, upgradePolicy: { mode: 'rolling', rollingUpgradePolicy: { enableCrossZoneUpgrade: true } } }, 'InvalidPropertyValue'],
      [{ ...base, applicationLicenses: ['Maya', 'blender'] }, 'InvalidPropertyValue'],
      ...(base['id'] === undefined ? [] : [{ 'a/b': 'c' }, { a: 'b'.repeat(257) }, Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag${index}`, '']))].map((resourceTags) => [{ ...base, resourceTags }, 'InvalidPropertyValue'] as const)),
    ],
    'mounts fit the nodes and each other': [
      [{ ...base, mountConfiguration: [nfsAt('a'), nfsAt('a/')] }, 'InvalidPropertyValue'],
      [{ ...base, mountConfiguration: [nfsAt('a/b/c'), nfsAt('a//b')] }, 'InvalidPropertyValue'],
      [{ ...base, virtualMachineConfiguration: WINDOWS, mountConfiguration: [nfsAt('a')] }, 'InvalidPropertyValue'],
    ],
    'user accounts fit the nodes': [
      [{ ...base, userAccounts: [{ name: 'a b', password: 'x' }] }, 'InvalidPropertyValue'],
      [{ ...base, userAccounts: [{ name: 'a', password: 'x' }, { name: 'a', password: 'y' }] }, 'InvalidPropertyValue'],
      [{ ...base, userAccounts: [{ name: 'a', password: 'x', windowsUserConfiguration: {} }] }, 'InvalidPropertyValue'],
    ],
  } as const;
}
const extension = { name: 'one', publisher: 'p', type: 't' };
const MACHINE_CASES = [
  { windowsConfiguration: { enableAutomaticUpdates: true } },
  { licenseType: 'Windows_Server' },
  { ...WINDOWS, licenseType: 'RHEL' },
  { diskEncryptionConfiguration: { targets: ['osdisk', 'temporarydisk'] } },
  { diskEncryptionConfiguration: { targets: ['temporarydisk', 'TemporaryDisk'] } },
  { ...WINDOWS, diskEncryptionConfiguration: { targets: ['temporarydisk'] } },
  { imageReference: { virtualMachineImageId: GALLERY_IMAGE }, diskEncryptionConfiguration: { targets: ['temporarydisk'] } },
  { dataDisks: [{ lun: 0, diskSizeGB: 1 }, { lun: 0, diskSizeGB: 2 }] },
  { dataDisks: [{ lun: 0, diskSizeGB: 65_537 }] },
  { osDisk: { diskSizeGB: 0 } },
  { osDisk: { diskSizeGB: 4_096 } },
  { securityProfile: { uefiSettings: { secureBootEnabled: true } } },
  { securityProfile: { securityType: 'confidentialvm' } },
  { osDisk: { managedDisk: { securityProfile: { securityEncryptionType: 'VMGuestStateOnly' } } } },
  { extensions: [extension, { ...extension, name: 'One' }] },
  { extensions: [{ ...extension, provisionAfterExtensions: ['two'] }] },
] as const;
const prep = sampleOf('JobPreparationTask');
const release = sampleOf('JobReleaseTask');
function jobCases(shape: ShapeName) {
  const same = { jobPreparationTask: { ...prep, id: 'one' }, jobReleaseTask: { ...release, id: 'One' } };
  return ({
    'no release without preparation': [[{ ...sampleOf(shape), jobReleaseTask: release }, 'InvalidPropertyValue']],
    "no two of a job's tasks have the same id": [
      [{ ...sampleOf(shape), ...same }, 'InvalidPropertyValue'],
      [{ ...sampleOf(shape), jobPreparationTask: { commandLine: 'x', id: 'jobrelease' }, jobReleaseTask: { commandLine: 'x' } }, 'InvalidPropertyValue'],
    ],
  }) as const;
}

const manyFiles = Array.from({ length: 400 }, (_, index) => ({ httpUrl: `https://a.example/${'x'.repeat(70)}${index}`, filePath: `f${index}` }));
function commandCases(shape: ShapeName) {
  return ({
    'a command line is empty only where an image has an entry point': [[{ ...sampleOf(shape), commandLine: '', containerSettings: undefined }, 'InvalidPropertyValue']],
    'resource files have at most 32,768 characters in all': [[{ ...sampleOf(shape), resourceFiles: manyFiles }, 'InvalidPropertyValue']],
  }) as const;
}

/** What breaks each rule, by shape and rule: a body and the code it is refused with. */
const broken: Readonly<Partial<Record<ShapeName, Readonly<Record<string, readonly (readonly [unknown, string])[]>>>>> = {
  PoolAdd: poolCases(pool),
  PoolSpecification: poolCases(sampleOf('PoolSpecification')),
  PoolPatch: { 'a new size is a size of Azure': [[{ vmSize: 'huge' }, 'InvalidPropertyValue']] },
  PoolResize: { 'a resize names a target': [[{ resizeTimeout: 'PT10M' }, 'MissingRequiredProperty']] },
  VirtualMachineConfiguration: {
    'disks, licence, security and extensions fit the image and each other': MACHINE_CASES.map((more) => [{ ...machine as object, ...more }, 'InvalidPropertyValue'] as const),
    'the node agent fits the image': [
      [{ ...(machine as object), nodeAgentSKUId: 'batch.node.beos' }, 'InvalidPropertyValue'],
      [{ ...(machine as object), nodeAgentSKUId: 'batch.node.ubuntu 18.04' }, 'InvalidPropertyValue'],
    ],
  },
  ImageReference: {
    'an image is named in one way': [
      [{ publisher: 'canonical', offer: 'x' }, 'MissingRequiredProperty'],
      [{}, 'MissingRequiredProperty'],
      [{ ...sampleOf('ImageReference'), virtualMachineImageId: '/subscriptions/x' }, 'InvalidPropertyValue'],
      [{ sharedGalleryImageId: 'a', communityGalleryImageId: 'b' }, 'InvalidPropertyValue'],
    ],
    'an image of the marketplace is one of Batch': [[{ publisher: 'a', offer: 'b', sku: 'c' }, 'InvalidPropertyValue']],
    "an own image is a gallery's": [
      [{ virtualMachineImageId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/custom' }, 'InvalidPropertyValue'],
      [{ virtualMachineImageId: 'custom' }, 'InvalidPropertyValue'],
    ],
  },
  NetworkConfiguration: {
    'a subnet is named in full': [[{ subnetId: '/subscriptions/s/x' }, 'InvalidPropertyValue']],
    'endpoints need public addresses': [
      [{ endpointConfiguration: { inboundNATPools: [nat] }, publicIPAddressConfiguration: { provision: 'nopublicipaddresses' } }, 'InvalidPropertyValue'],
    ],
    'at most 25 network security group rules': [
      [{ endpointConfiguration: { inboundNATPools: [{ ...nat, networkSecurityGroupRules: Array.from({ length: 26 }, (_, index) => networkRule(200 + index)) }] } }, 'InvalidPropertyValue'],
    ],
  },
  PoolEndpointConfiguration: {
    'at most 5 NAT pools': [
      [{ inboundNATPools: Array.from({ length: 6 }, (_, index) => ({ ...nat, name: `n${index}`, backendPort: 80 + index, frontendPortRangeStart: 1000 + 100 * index, frontendPortRangeEnd: 1099 + 100 * index })) }, 'InvalidPropertyValue'],
    ],
    'NAT pools do not overlap': [
      [{ inboundNATPools: [nat, { ...nat, backendPort: 81, frontendPortRangeStart: 2000, frontendPortRangeEnd: 2100 }] }, 'InvalidPropertyValue'],
      [{ inboundNATPools: [nat, { ...nat, name: 'other', frontendPortRangeStart: 2000, frontendPortRangeEnd: 2100 }] }, 'InvalidPropertyValue'],
      [{ inboundNATPools: [nat, { ...nat, name: 'other', backendPort: 81, frontendPortRangeStart: 1100, frontendPortRangeEnd: 1200 }] }, 'InvalidPropertyValue'],
    ],
  },
  InboundNatPool: {
    'ports that Batch keeps for itself': [
      [{ ...nat, backendPort: 29_876 }, 'InvalidPropertyValue'],
      [{ ...nat, backendPort: 29_877 }, 'InvalidPropertyValue'],
      [{ ...nat, frontendPortRangeEnd: 1038 }, 'InvalidPropertyValue'],
      [{ ...nat, frontendPortRangeStart: 49_990, frontendPortRangeEnd: 50_100 }, 'InvalidPropertyValue'],
    ],
    'a name': [
      [{ ...nat, name: '-web' }, 'InvalidPropertyValue'],
      [{ ...nat, name: 'web.' }, 'InvalidPropertyValue'],
      [{ ...nat, name: 'we b' }, 'InvalidPropertyValue'],
    ],
    'rules differ in priority': [[{ ...nat, networkSecurityGroupRules: [networkRule(200), networkRule(200)] }, 'InvalidPropertyValue']],
  },
  NetworkSecurityGroupRule: {
    'sources are addresses or tags': [
      ...['Elsewhere', '1.2.3', '1.2.3.256', '10.0.0.0/33', '10.0.0.0/', '::1/129', 'g::1'].map((sourceAddressPrefix) => [{ ...networkRule(200), sourceAddressPrefix }, 'InvalidPropertyValue'] as const),
      ...[['65536'], ['200-100'], ['x'], [''], ['*', '22'], ['100-200', '150']].map((sourcePortRanges) => [{ ...networkRule(200), sourcePortRanges }, 'InvalidPropertyValue'] as const),
    ],
  },
  JobManagerTask: commandCases('JobManagerTask'),
  JobPreparationTask: commandCases('JobPreparationTask'),
  JobReleaseTask: commandCases('JobReleaseTask'),
  MultiInstanceSettings: { 'common resource files have at most 32,768 characters in all': [[{ coordinationCommandLine: 'x', commonResourceFiles: manyFiles }, 'InvalidPropertyValue']] },
  StartTask: {
    ...commandCases('StartTask'),
    'a start task is at most 32,768 characters': [[{ commandLine: 'x'.repeat(33_000) }, 'InvalidPropertyValue']],
  },
  UserIdentity: {
    'one kind of user': [
      [{}, 'MissingRequiredProperty'],
      [{ username: 'a', autoUser: {} }, 'InvalidPropertyValue'],
    ],
  },
  ApplicationPackageReference: {
    'an application and a version are named as they can be': [
      [{ applicationId: 'a b' }, 'InvalidPropertyValue'],
      [{ applicationId: '/subscriptions/x/applications/a' }, 'InvalidPropertyValue'],
      [{ applicationId: 'a', version: '' }, 'InvalidPropertyValue'],
    ],
  },
  ResourceFile: {
    'one source': [
      [{ filePath: 'a' }, 'MissingRequiredProperty'],
      [{ httpUrl: 'a', storageContainerUrl: 'b', filePath: 'c' }, 'InvalidPropertyValue'],
      [{ autoStorageContainerName: 'a', storageContainerUrl: 'b' }, 'InvalidPropertyValue'],
    ],
    'a single file has a path, a container may have a prefix': [
      [{ httpUrl: 'a' }, 'MissingRequiredProperty'],
      [{ httpUrl: 'a', filePath: 'b', blobPrefix: 'c' }, 'InvalidPropertyValue'],
    ],
    'an identity belongs to a URL': [[{ autoStorageContainerName: 'a', identityReference: sampleOf('IdentityReference') }, 'InvalidPropertyValue']],
  },
  CertificateReference: {
    'a certificate is known by its SHA-1 thumbprint': [
      [{ ...sampleOf('CertificateReference'), thumbprintAlgorithm: 'sha256' }, 'InvalidPropertyValue'],
      [{ ...sampleOf('CertificateReference'), thumbprint: 'xyz' }, 'InvalidPropertyValue'],
      [{ ...sampleOf('CertificateReference'), thumbprint: '0'.repeat(41) }, 'InvalidPropertyValue'],
    ],
  },
  IdentityReference: {
    'an identity is named in full': [
      [{}, 'MissingRequiredProperty'],
      [{ resourceId: 'mine' }, 'InvalidPropertyValue'],
      [{ resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine' }, 'InvalidPropertyValue'],
    ],
  },
  OutputFileBlobContainerDestination: {
    'a path is part of a name that a blob can have': ['a/../b', '../x', '..', './x', 'x\\y', 'a\nb', 'x'.repeat(1_025)].map((path) => [
      { containerUrl: 'https://a.blob.core.windows.net/c?sig=x', path },
      'InvalidPropertyValue',
    ] as const),
  },
  OutputFileDestination: { 'a destination is a container': [[{}, 'MissingRequiredProperty']] },
  ContainerRegistry: {
    'a password or an identity': [
      [{ username: 'a' }, 'MissingRequiredProperty'],
      [{ registryServer: 'a' }, 'MissingRequiredProperty'],
      [{ username: 'a', password: 'b', identityReference: sampleOf('IdentityReference') }, 'InvalidPropertyValue'],
    ],
  },
  ServiceArtifactReference: { 'an artifact is named in full': [[{ id: 'artifact' }, 'InvalidPropertyValue']] },
  UpgradePolicy: {
    'a batch is no more than may be unhealthy, a pause is a duration': [
      [{ mode: 'rolling', rollingUpgradePolicy: { maxBatchInstancePercent: 50, maxUnhealthyInstancePercent: 20 } }, 'InvalidPropertyValue'],
      [{ mode: 'rolling', rollingUpgradePolicy: { pauseTimeBetweenBatches: 'soon' } }, 'InvalidPropertyValue'],
    ],
  },
  CloudServiceConfiguration: {
    'a guest system is one that there is': [
      [{ osFamily: '1' }, 'InvalidPropertyValue'],
      [{ osFamily: 'Windows' }, 'InvalidPropertyValue'],
      [{ osFamily: '5', osVersion: '2016' }, 'OSVersionNotFound'],
    ],
  },
  PublicIpAddressConfiguration: {
    'addresses are named where the user manages them': [
      [{ ipAddressIds: ['/a'] }, 'InvalidPropertyValue'],
      [{ provision: 'nopublicipaddresses', ipAddressIds: ['/a'] }, 'InvalidPropertyValue'],
      [{ provision: 'usermanaged', ipAddressIds: ['/a', '/A'] }, 'InvalidPropertyValue'],
    ],
  },
  JobNetworkConfiguration: { 'a subnet is named in full': [[{ ...sampleOf('JobNetworkConfiguration'), subnetId: 'subnet' }, 'InvalidPropertyValue']] },
  MountConfiguration: {
    'one kind of mount': [
      [{}, 'MissingRequiredProperty'],
      [{ nfsMountConfiguration: sampleOf('NfsMountConfiguration'), cifsMountConfiguration: sampleOf('CifsMountConfiguration') }, 'InvalidPropertyValue'],
    ],
    'a password stands in its own property': ['-o vers=3.0,password=x', 'pass=x', '-ocredentials=/root/file'].map((mountOptions) => [{ cifsMountConfiguration: { ...sampleOf('CifsMountConfiguration'), relativeMountPath: 'a', mountOptions } }, 'InvalidPropertyValue'] as const),
    'a path below the directory of mounts': ['', '/', '/S', 'a/../b', '.', 'a'.repeat(201)].map((relativeMountPath) => [nfsAt(relativeMountPath), 'InvalidPropertyValue'] as const),
  },
  AzureBlobFileSystemConfiguration: {
    'one kind of credential': [[{ ...sampleOf('AzureBlobFileSystemConfiguration'), sasKey: 'b' }, 'InvalidPropertyValue']],
    'account and container are named as they can be': [
      ...['Account', 'ab', 'a.evil.example/'].map((accountName) => [{ ...sampleOf('AzureBlobFileSystemConfiguration'), accountName }, 'InvalidPropertyValue'] as const),
      ...['ab', 'UPPER', 'a--b', '-ab', '../x'].map((containerName) => [{ ...sampleOf('AzureBlobFileSystemConfiguration'), containerName }, 'InvalidPropertyValue'] as const),
    ],
  },
  AzureFileShareConfiguration: {
    'a share is named by its URL': ['share', 'ftp://host/share', 'https://host', 'https://me:secret@host/share'].map((azureFileUrl) => [{ ...sampleOf('AzureFileShareConfiguration'), azureFileUrl }, 'InvalidPropertyValue'] as const),
  },
  PoolInfo: { 'a pool or an auto pool': [[{}, 'MissingRequiredProperty']] },
  AutoPoolSpecification: {
    'an auto pool is specified': [[{ poolLifetimeOption: 'job' }, 'MissingRequiredProperty']],
    'a prefix begins the id of a pool': [[{ ...sampleOf('AutoPoolSpecification'), autoPoolIdPrefix: 'a b' }, 'InvalidPropertyValue'], [{ ...sampleOf('AutoPoolSpecification'), autoPoolIdPrefix: 'ä' }, 'InvalidPropertyValue']],
  },
  JobAdd: {
    ...jobCases('JobAdd'),
    'an auto pool of a job lives as long as the job': [[{ id: 'j', poolInfo: { autoPoolSpecification: { ...sampleOf('AutoPoolSpecification'), poolLifetimeOption: 'jobschedule' } } }, 'InvalidPropertyValue']],
  },
  JobSpecification: jobCases('JobSpecification'),
  Schedule: {
    'a schedule ends after it begins': [[{ doNotRunUntil: '2026-01-02T00:00:00Z', doNotRunAfter: '2026-01-01T00:00:00Z' }, 'InvalidPropertyValue']],
  },
  TaskAdd: {
    ...commandCases('TaskAdd'),
    'a multi-instance task takes one slot of each node': [
      [{ ...sampleOf('TaskAdd'), requiredSlots: 2, multiInstanceSettings: { coordinationCommandLine: 'x' } }, 'InvalidPropertyValue'],
    ],
    'a multi-instance task runs in no container': [
      [{ ...sampleOf('TaskAdd'), requiredSlots: 1, containerSettings: { imageName: 'x' }, multiInstanceSettings: { coordinationCommandLine: 'x' } }, 'UnsupportedProperty'],
    ],
  },
  TaskDependencies: {
    'task ids have at most 64,000 characters in all': [[{ taskIds: Array.from({ length: 1001 }, () => 'x'.repeat(64)) }, 'TaskDependencyListTooLong']],
    'ranges are bounded': [[{ taskIdRanges: Array.from({ length: 4000 }, (_, index) => ({ start: index, end: index })) }, 'TaskDependencyRangesTooLong']],
  },
  TaskIdRange: { 'a range ends where it begins or later': [[{ start: 5, end: 4 }, 'InvalidPropertyValue']] },
  ExitCodeRangeMapping: { 'a range ends where it begins or later': [[{ start: 5, end: 4, exitOptions: {} }, 'InvalidPropertyValue']] },
  UserAccount: { 'a key is one': [[{ ...sampleOf('UserAccount'), sshPrivateKey: 'none' }, 'InvalidPropertyValue']] },
  LinuxUserConfiguration: {
    'uid and gid go together, a key is one': [
      [{ uid: 5 }, 'InvalidPropertyValue'],
      [{ gid: 5 }, 'InvalidPropertyValue'],
      [{ sshPrivateKey: 'none' }, 'InvalidPropertyValue'],
    ],
  },
  UploadBatchServiceLogs: {
    'a container has a URL': [
      [{ ...sampleOf('UploadBatchServiceLogs'), containerUrl: 'container' }, 'InvalidPropertyValue'],
      [{ ...sampleOf('UploadBatchServiceLogs'), containerUrl: 'ftp://host/container' }, 'InvalidPropertyValue'],
    ],
    'a time ends where it begins or later': [[{ ...sampleOf('UploadBatchServiceLogs'), endTime: '1999-12-31T23:59:59Z' }, 'InvalidPropertyValue']],
  },
  NodeUserAdd: { 'a user can log in': [[{ name: 'someone' }, 'MissingRequiredProperty']] },
};

/** `PoolAdd` and its kin know cloud services up to 2024-02-01.19.0. */
function versionFor(body: unknown) {
  if (typeof body === 'object' && body !== null && 'sshPrivateKey' in body && 'name' in body) return parseApiVersion('2017-01-01.4.0');
  return typeof body === 'object' && body !== null && ['cloudServiceConfiguration', 'applicationLicenses', 'osFamily', 'resourceTags'].some((name) => name in body) ? parseApiVersion('2023-11-01.18.0') : NEWEST_API_VERSION;
}

describe('rules between properties', () => {
  const all = Object.entries(rules).flatMap(([shape, some]) => some.map((rule) => [shape as ShapeName, rule.name, rule.source] as const));

  test.each(all)('%s: %s (%s)', (shape, name) => {
    const cases = broken[shape]?.[name] ?? [];
    expect(cases.length).toBeGreaterThan(0);
    for (const [body, code] of cases) {
      const error = errorOf(() => dataContract.readBody(shape, versionFor(body), body));
      expect([error.status, error.code], JSON.stringify(body).slice(0, 200)).toEqual([400, code]);
      expect(valuesOf(error)['PropertyName']).not.toBe('');
    }
  });

  test('what keeps a rule is taken', () => {
    expect(() => dataContract.readBody('PoolAdd', parseApiVersion('2023-11-01.18.0'), { ...bare, vmSize: 'small', cloudServiceConfiguration: { osFamily: '5' } })).not.toThrow();
    expect(() => dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...pool, vmSize: 'standard_d1_v2', taskSlotsPerNode: 4 })).not.toThrow();
    expect(() => dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...pool, mountConfiguration: [nfsAt('a/b'), nfsAt('a/bc'), nfsAt('a.b')] })).not.toThrow();
    expect(() => dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...pool, virtualMachineConfiguration: WINDOWS, mountConfiguration: [{ azureFileShareConfiguration: { ...sampleOf('AzureFileShareConfiguration'), relativeMountPath: 'S' } }] })).not.toThrow();
    expect(() => dataContract.readBody('VirtualMachineConfiguration', NEWEST_API_VERSION, { ...machine as object, dataDisks: [{ lun: 0, diskSizeGB: 65_536 }, { lun: 63, diskSizeGB: 1 }], osDisk: { diskSizeGB: 4_095 }, diskEncryptionConfiguration: { targets: ['temporarydisk'] }, extensions: [extension, { ...extension, name: 'two', provisionAfterExtensions: ['ONE'] }] })).not.toThrow();
    expect(() => dataContract.readBody('VirtualMachineConfiguration', NEWEST_API_VERSION, { ...WINDOWS, licenseType: 'windows_client', windowsConfiguration: {}, diskEncryptionConfiguration: { targets: ['osdisk', 'temporarydisk'] } })).not.toThrow();
    expect(() => dataContract.readBody('CloudServiceConfiguration', parseApiVersion('2023-11-01.18.0'), { osFamily: '6', osVersion: 'WA-GUEST-OS-6.44_202205-01' })).not.toThrow();
    expect(() => dataContract.readBody('ResourceFile', NEWEST_API_VERSION, { storageContainerUrl: 'http://host/c', blobPrefix: 'p/', filePath: 'in' })).not.toThrow();
    expect(() => dataContract.readBody('VirtualMachineConfiguration', NEWEST_API_VERSION, { imageReference: { publisher: 'debian', offer: 'debian-12', sku: '12-backports' }, nodeAgentSKUId: 'BATCH.NODE.DEBIAN 12' })).not.toThrow();
    expect(() => dataContract.readBody('JobSpecification', NEWEST_API_VERSION, { ...sampleOf('JobSpecification'), jobPreparationTask: prep, jobReleaseTask: release })).not.toThrow();
  });
});

describe('a task and its job', () => {
  const task = (more: Partial<TaskAdd>): TaskAdd => ({ id: 'Task', commandLine: 'true', ...more });
  const job = { usesTaskDependencies: true, onTaskFailure: 'performexitoptionsjobaction' } as const;

  test.each([
    ['dependencies of a job without them', task({ dependsOn: { taskIds: ['a'] } }), {}, 'UnsupportedProperty'],
    ['a job action while onTaskFailure is noaction', task({ exitConditions: { default: { jobAction: 'terminate' } } }), { usesTaskDependencies: true }, 'InvalidPropertyValue'],
    ['a dependency action without dependencies', task({ exitConditions: { exitCodes: [{ code: 1, exitOptions: { dependencyAction: 'satisfy' } }] } }), { onTaskFailure: 'performexitoptionsjobaction' }, 'InvalidPropertyValue'],
    ['the id of the preparation task', task({ id: 'JobPreparation' }), { jobPreparationTask: { commandLine: 'x' } }, 'TaskIdSameAsJobPreparationTask'],
    ['the id of the release task', task({ id: 'CLEAN' }), { jobReleaseTask: { id: 'clean', commandLine: 'x' } }, 'TaskIdSameAsJobReleaseTask'],
  ] as const)('%s', (_name, one, its, code) => {
    expect(codeOf(() => checkTaskAgainstJob(one, its))).toBe(code);
  });

  test('a job without dependencies takes lists with nothing in them, and says which flag it lacks', () => {
    for (const dependsOn of [{}, { taskIds: [] }, { taskIds: [], taskIdRanges: [] }]) expect(() => checkTaskAgainstJob(task({ dependsOn }), {})).not.toThrow();
    for (const dependsOn of [{ taskIds: ['b'] }, { taskIdRanges: [{ start: 1, end: 2 }] }]) {
      const error = errorOf(() => checkTaskAgainstJob(task({ dependsOn }), {}));
      expect([error.code, error.message]).toEqual(['UnsupportedProperty', 'One of the properties specified in the request body is not supported.']);
      expect(valuesOf(error)).toMatchObject({ PropertyName: 'dependsOn', Reason: expect.stringContaining('usesTaskDependencies') });
    }
  });

  test('a job that allows it all', () => {
    const everything = task({ dependsOn: { taskIds: ['a'] }, exitConditions: { fileUploadError: { jobAction: 'disable', dependencyAction: 'block' }, exitCodeRanges: [{ start: 1, end: 2, exitOptions: { jobAction: 'none' } }] } });
    expect(() => checkTaskAgainstJob(everything, { ...job, jobPreparationTask: { id: 'p', commandLine: 'x' } })).not.toThrow();
  });

  test('terminatejob is not taken back', () => {
    expect(codeOf(() => checkAllTasksCompleteChange('terminatejob', 'noaction'))).toBe('InvalidPropertyValue');
    expect(() => checkAllTasksCompleteChange('noaction', 'terminatejob')).not.toThrow();
    expect(() => checkAllTasksCompleteChange('terminatejob', undefined)).not.toThrow();
  });
});

describe('defaults', () => {
  test('an automatic pool has an interval and no timeout', () => {
    const made = withPoolDefaults({ ...dataContract.readBody('PoolAdd', NEWEST_API_VERSION, pool), enableAutoScale: true, autoScaleFormula: 'x' }, NEWEST_API_VERSION);
    expect(made).toMatchObject({ enableAutoScale: true, autoScaleEvaluationInterval: 'PT15M', resizeTimeout: undefined });
  });

  test('a start task waits for success since 2019-08-01.10.0', () => {
    const started = (version: string) => withStartTaskDefaults({ commandLine: 'x' }, parseApiVersion(version));
    expect(started('2019-06-01.9.0').waitForSuccess).toBe(false);
    expect(started('2019-08-01.10.0')).toEqual({ commandLine: 'x', waitForSuccess: true, maxTaskRetryCount: 0, userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } } });
  });

  test('named users stay, automatic ones are filled in', () => {
    expect(withUserDefaults({ username: 'someone' })).toEqual({ username: 'someone' });
    expect(withUserDefaults({ autoUser: { elevationLevel: 'admin' } })).toEqual({ autoUser: { scope: 'pool', elevationLevel: 'admin' } });
  });

  test("a task takes its job's retry count", () => {
    const job = withJobDefaults({ id: 'j', poolInfo: { poolId: 'p' }, constraints: { maxTaskRetryCount: 3 } });
    expect(withTaskDefaults({ id: 't', commandLine: 'x' }, job).constraints).toEqual({ maxWallClockTime: 'P10675199DT2H48M5.4775807S', retentionTime: 'P7D', maxTaskRetryCount: 3 });
    expect(withTaskDefaults({ id: 't', commandLine: 'x', constraints: { maxTaskRetryCount: 0 } }, job).constraints.maxTaskRetryCount).toBe(0);
  });

  test('what the service adds to machines and networks, as recorded', () => {
    const classic = parseApiVersion('2023-11-01.18.0');
    const cloud = dataContract.readBody('PoolAdd', classic, { ...bare, vmSize: 'small', cloudServiceConfiguration: { osFamily: '4' }, networkConfiguration: { endpointConfiguration: { inboundNATPools: [nat] } } });
    expect(withPoolDefaults(cloud, classic)).toMatchObject({ cloudServiceConfiguration: { osFamily: '4', osVersion: '*' }, networkConfiguration: { dynamicVNetAssignmentScope: 'none' } });
    const disks = dataContract.readBody('PoolAdd', classic, { ...pool, virtualMachineConfiguration: { ...(machine as object), dataDisks: [{ lun: 0, diskSizeGB: 5 }, { lun: 1, diskSizeGB: 5, caching: 'ReadOnly', storageAccountType: 'premium_lrs' }] } });
    expect(withPoolDefaults(disks, classic).virtualMachineConfiguration?.dataDisks).toEqual([
      { lun: 0, diskSizeGB: 5, caching: 'none', storageAccountType: 'standard_lrs' },
      { lun: 1, diskSizeGB: 5, caching: 'readonly', storageAccountType: 'premium_lrs' },
    ]);
    expect(withPoolDefaults(disks, classic)).toMatchObject({ networkConfiguration: undefined, cloudServiceConfiguration: undefined });
  });

  test('an image given by its id has no version', () => {
    const body = dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...pool, virtualMachineConfiguration: { imageReference: { virtualMachineImageId: GALLERY_IMAGE }, nodeAgentSKUId: 'batch.node.debian 12' } });
    expect(withPoolDefaults(body, NEWEST_API_VERSION).virtualMachineConfiguration?.imageReference).toEqual({ virtualMachineImageId: GALLERY_IMAGE });
  });
});

describe('answers in the version of the client', () => {
  const made = { ...withPoolDefaults(dataContract.readBody('PoolAdd', parseApiVersion('2024-07-01.20.0'), { ...pool, targetNodeCommunicationMode: 'Classic', resourceTags: { a: 'b' } }), NEWEST_API_VERSION) };
  const written = (version: string) => dataContract.writeBody('Pool', parseApiVersion(version), made as never);

  test('properties come and go with the version', () => {
    expect(written('2024-07-01.20.0')).toMatchObject({ targetNodeCommunicationMode: 'classic', resourceTags: { a: 'b' }, taskSlotsPerNode: 1 });
    expect(written('2025-06-01')).not.toHaveProperty('targetNodeCommunicationMode');
    expect(written('2025-06-01')).not.toHaveProperty('resourceTags');
    expect(written('2019-08-01.10.0')).toMatchObject({ maxTasksPerNode: 1 });
    expect(written('2019-08-01.10.0')).not.toHaveProperty('taskSlotsPerNode');
  });

  test('states that an old client does not know read as ones it does', () => {
    const state = (version: string, value: 'deallocated' | 'upgradingos' | 'idle') => dataContract.writeBody('Node', parseApiVersion(version), { state: value } as never)['state'];
    expect([state('2025-06-01', 'deallocated'), state('2022-10-01.16.0', 'deallocated'), state('2024-02-01.19.0', 'upgradingos'), state('2022-10-01.16.0', 'upgradingos'), state('2022-10-01.16.0', 'idle')]).toEqual([
      'deallocated',
      'offline',
      'upgradingos',
      'offline',
      'idle',
    ]);
  });

  test('secrets are never answered', () => {
    const answer = dataContract.writeBody('Pool', NEWEST_API_VERSION, {
      userAccounts: [{ name: 'a', password: 'top-secret', linuxUserConfiguration: { sshPrivateKey: 'top-secret' } }],
      mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a', containerName: 'c', relativeMountPath: 'm', accountKey: 'top-secret', sasKey: 'top-secret' } }],
      virtualMachineConfiguration: { containerConfiguration: { containerRegistries: [{ username: 'u', password: 'top-secret' }] }, extensions: [{ protectedSettings: { a: 'top-secret' } }] },
    } as never);
    expect(JSON.stringify(answer)).not.toContain('top-secret');
    expect(answer).toMatchObject({ userAccounts: [{ name: 'a' }], mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a' } }] });
  });

  test('task counts are flat before 2020-09-01.12.0', () => {
    const counts = { active: 1, running: 2, completed: 3, succeeded: 2, failed: 1 };
    const both = { ...counts, taskCounts: counts, taskSlotCounts: counts };
    expect(dataContract.writeBody('TaskCountsResult', parseApiVersion('2018-12-01.8.0'), both)).toEqual(counts);
    expect(dataContract.writeBody('TaskCountsResult', NEWEST_API_VERSION, both)).toEqual({ taskCounts: counts, taskSlotCounts: counts });
  });
});
