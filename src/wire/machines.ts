import { parseDuration } from './durations.ts';
import { type BatchError, checkDistinct, invalidProperty } from './errors.ts';
import { osOfAgent } from './images.ts';
import { lowerAscii } from './letters.ts';
import { LIMITS } from './limits.ts';
import { findVmSize, nearestSize } from './sizes/find.ts';
import type { CloudServiceConfiguration, NetworkConfiguration, PoolAdd, PublicIpAddressConfiguration, ServiceArtifactReference, UpgradePolicy, VirtualMachineConfiguration } from './types.generated.ts';

/**
 * What must hold in what a pool says of its machines and their network, though nothing of it is enforced here: a pool
 * that Azure would refuse is refused. Sources are the texts of the OpenAPI files; codes are inferred where no other is
 * named.
 */

export function checkVirtualMachine(machine: VirtualMachineConfiguration): void {
  const isWindows = osOfAgent(machine.nodeAgentSKUId) === 'windows';
  if (!isWindows && machine.windowsConfiguration !== undefined) throw invalidProperty('windowsConfiguration', '', 'The image is a Linux image.');
  checkLicence(machine.licenseType, isWindows);
  checkEncryption(machine, isWindows);
  checkDataDisks(machine);
  checkSecurity(machine);
  checkExtensions(machine);
}

/** OpenAPI, licenseType: of Windows alone. */
const LICENCES = ['Windows_Server', 'Windows_Client'];

function checkLicence(licence: string | undefined, isWindows: boolean): void {
  if (licence === undefined) return;
  if (!LICENCES.some((one) => lowerAscii(one) === lowerAscii(licence))) throw invalidProperty('licenseType', licence, `The value must be one of ${LICENCES.join(', ')}.`);
  if (!isWindows) throw invalidProperty('licenseType', licence, 'The image is a Linux image.');
}

/** OpenAPI, DiskEncryptionConfiguration and its targets. With a key of one's own any disk can be named. */
function checkEncryption({ diskEncryptionConfiguration: asked, imageReference }: VirtualMachineConfiguration, isWindows: boolean): void {
  if (asked === undefined) return;
  const targets = asked.targets ?? [];
  checkDistinct('targets', targets);
  if (asked.customerManagedKey !== undefined || targets.length === 0) return;
  if (isWindows && targets.length < 2) throw invalidProperty('targets', targets.join(','), 'On Windows nodes both osdisk and temporarydisk are encrypted.');
  if (!isWindows && targets.includes('osdisk')) throw invalidProperty('targets', 'osdisk', 'On Linux nodes only temporarydisk can be encrypted.');
  if (!isWindows && imageReference.virtualMachineImageId !== undefined) throw invalidProperty('diskEncryptionConfiguration', '', 'Linux nodes of an image of a gallery have no encrypted disks.');
}

/** Documentation, "Azure managed disk types". */
const MOST_DATA_GB = 65_536;
const MOST_SYSTEM_GB = 4_095;

function checkDataDisks({ dataDisks = [], osDisk }: VirtualMachineConfiguration): void {
  checkDistinct('lun', dataDisks.map(({ lun }) => String(lun)));
  for (const { diskSizeGB } of dataDisks) if (diskSizeGB > MOST_DATA_GB) throw invalidProperty('diskSizeGB', diskSizeGB, `A data disk has at most ${MOST_DATA_GB} GiB.`);
  const size = osDisk?.diskSizeGB;
  if (size !== undefined && (size < 1 || size > MOST_SYSTEM_GB)) throw invalidProperty('diskSizeGB', size, `The disk of the system has 1 to ${MOST_SYSTEM_GB} GiB.`);
}

/** OpenAPI, SecurityProfile.securityType and VMDiskSecurityProfile. */
function checkSecurity({ securityProfile, osDisk }: VirtualMachineConfiguration): void {
  const type = securityProfile?.securityType;
  if (securityProfile?.uefiSettings !== undefined && type === undefined) throw invalidProperty('uefiSettings', '', 'uefiSettings need a securityType.');
  const encryption = osDisk?.managedDisk?.securityProfile?.securityEncryptionType;
  if (type === 'confidentialvm' && encryption === undefined) throw invalidProperty('securityEncryptionType', '', 'A confidential virtual machine needs it for the disk of its system.');
  if (type !== 'confidentialvm' && encryption !== undefined) throw invalidProperty('securityEncryptionType', encryption, 'Only confidential virtual machines have it.');
}

function checkExtensions({ extensions = [] }: VirtualMachineConfiguration): void {
  const names = extensions.map(({ name }) => lowerAscii(name));
  checkDistinct('name', names);
  for (const { provisionAfterExtensions = [] } of extensions) {
    const unknown = provisionAfterExtensions.find((name) => !names.includes(lowerAscii(name)));
    if (unknown !== undefined) throw invalidProperty('provisionAfterExtensions', unknown, 'The pool has no extension of this name.');
  }
}

const SERVICE_ARTIFACT = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Compute\/galleries\/[^/]+\/serviceArtifacts\/[^/]+\/vmArtifactsProfiles\/[^/]+$/i;

export function checkServiceArtifact({ id }: ServiceArtifactReference): void {
  if (!SERVICE_ARTIFACT.test(id)) {
    throw invalidProperty('id', id, 'The value must be of the form /subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.Compute/galleries/{galleryName}/serviceArtifacts/{serviceArtifactName}/vmArtifactsProfiles/{vmArtifactsProfilesName}.');
  }
}

/** OpenAPI, RollingUpgradePolicy. */
export function checkUpgradePolicy({ upgradePolicy, virtualMachineConfiguration }: Pick<PoolAdd, 'upgradePolicy' | 'virtualMachineConfiguration'>): void {
  const isZonal = virtualMachineConfiguration?.nodePlacementConfiguration?.policy === 'Zonal';
  if (upgradePolicy?.rollingUpgradePolicy?.enableCrossZoneUpgrade !== undefined && !isZonal) {
    throw invalidProperty('enableCrossZoneUpgrade', String(upgradePolicy.rollingUpgradePolicy.enableCrossZoneUpgrade), 'It belongs to pools whose nodePlacementConfiguration is Zonal.');
  }
}

export function checkRollingUpgrade({ rollingUpgradePolicy: rolling }: UpgradePolicy): void {
  const { maxBatchInstancePercent: batch, maxUnhealthyInstancePercent: unhealthy, pauseTimeBetweenBatches: pause } = rolling ?? {};
  if (batch !== undefined && unhealthy !== undefined && batch > unhealthy) throw invalidProperty('maxBatchInstancePercent', batch, 'The value must not be more than maxUnhealthyInstancePercent.');
  if (pause !== undefined && parseDuration(pause) === undefined) throw invalidProperty('pauseTimeBetweenBatches', pause, 'The value must be a duration of ISO 8601.');
}

/** Families of guest systems of cloud services, 2008 R2 to 2022 (documentation, "Azure Guest OS releases"). */
const FAMILIES = ['2', '3', '4', '5', '6', '7'];
const GUEST_VERSION = /^(?:\*|WA-GUEST-OS-\d+\.\d+_\d{6}-\d{2})$/i;

/** `unknownVersion`: the error for a version that does not exist. */
export function checkCloudService({ osFamily, osVersion }: CloudServiceConfiguration, unknownVersion: () => BatchError): void {
  if (!FAMILIES.includes(osFamily)) throw invalidProperty('osFamily', osFamily, `The value must be one of ${FAMILIES.join(', ')}.`);
  if (osVersion !== undefined && !GUEST_VERSION.test(osVersion)) throw unknownVersion();
}

/** Rendering software that Azure licenses by the minute (OpenAPI, applicationLicenses). */
const APPLICATION_LICENCES = ['maya', 'vray', '3dsmax', 'arnold'];

export function checkApplicationLicences(licences: readonly string[] = []): void {
  const unknown = licences.find((licence) => !APPLICATION_LICENCES.includes(lowerAscii(licence)));
  if (unknown !== undefined) throw invalidProperty('applicationLicenses', unknown, `The value must be one of ${APPLICATION_LICENCES.join(', ')}.`);
}

/** Documentation, "Use tags to organize your Azure resources": limits. */
const MOST_TAGS = 50;
const [LONGEST_TAG_NAME, LONGEST_TAG_VALUE] = [512, 256];

export function checkResourceTags(tags: unknown): void {
  if (typeof tags !== 'object' || tags === null) return;
  const pairs = Object.entries(tags);
  if (pairs.length > MOST_TAGS) throw invalidProperty('resourceTags', String(pairs.length), `A resource has at most ${MOST_TAGS} tags.`);
  for (const [name, value] of pairs) {
    if (name === '' || name.length > LONGEST_TAG_NAME || /[<>%&\\?/]/.test(name)) throw invalidProperty('resourceTags', name, `The name of a tag has 1 to ${LONGEST_TAG_NAME} characters and none of <>%&\\?/.`);
    if (String(value).length > LONGEST_TAG_VALUE) throw invalidProperty('resourceTags', name, `The value of a tag has at most ${LONGEST_TAG_VALUE} characters.`);
  }
}

const SUBNET = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.(?:ClassicNetwork|Network)\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i;
const SUBNET_FORM = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/{provider}/virtualNetworks/{network}/subnets/{subnetName}';

/** OpenAPI, subnetId of pools and of jobs. */
export function checkSubnet({ subnetId }: Pick<NetworkConfiguration, 'subnetId'>): void {
  if (subnetId !== undefined && !SUBNET.test(subnetId)) throw invalidProperty('subnetId', subnetId, `The value must be of the form ${SUBNET_FORM}.`);
}

/** OpenAPI, PublicIPAddressConfiguration: addresses are named only where the user manages them. */
export function checkPublicAddresses({ provision = 'batchmanaged', ipAddressIds = [] }: PublicIpAddressConfiguration): void {
  if (provision !== 'usermanaged' && ipAddressIds.length > 0) throw invalidProperty('ipAddressIds', ipAddressIds.join(','), 'Only addresses that the user manages (provision usermanaged) are named.');
  checkDistinct('ipAddressIds', ipAddressIds.map(lowerAscii));
}

export function checkSlots({ vmSize, taskSlotsPerNode = 1 }: Pick<PoolAdd, 'vmSize'> & Partial<Pick<PoolAdd, 'taskSlotsPerNode'>>): void {
  const most = Math.min(LIMITS.slotsPerCore * checkVmSize(vmSize), LIMITS.slotsPerNode);
  if (taskSlotsPerNode > most) throw invalidProperty('taskSlotsPerNode', taskSlotsPerNode, `A node of size ${vmSize} has at most ${most} task slots.`);
}

/** Returns the number of cores. */
export function checkVmSize(vmSize: string): number {
  const size = findVmSize(vmSize);
  if (size !== undefined) return size.cores;
  const nearest = nearestSize(vmSize);
  throw invalidProperty('vmSize', vmSize, `There is no such size of virtual machine.${nearest === undefined ? '' : ` The nearest is ${nearest}.`}`);
}
