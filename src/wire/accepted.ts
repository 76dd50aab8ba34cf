import type { Refusal } from './contract/tables.ts';

/**
 * What requests may carry and this service refuses for now, by shape and property: answered with 400
 * UnsupportedProperty and the reason. A row goes away with the change that makes its property work.
 */
export const REFUSED: Readonly<Record<string, Refusal>> = {
};

const NO_UPGRADE = 'The system of a node is that of its machine, or of an unpacked image: nothing here upgrades it.';
const NO_DISK_OF_ITS_OWN = "A node has directories on its machine's disk, not a disk of its own.";
const NO_WINDOWS = 'It belongs to Windows nodes, which this service does not provide; for Linux images it is refused.';
const SIMPLIFIED = 'Agents always dial out, which is what the simplified mode means; currentNodeCommunicationMode says so.';
const NO_AZURE_NETWORK = "Nodes have the network of the machine they run on; Azure's is not there to configure.";

/**
 * What is accepted, kept, answered as sent, and not enforced, by shape and property (with all below it), and why. Every
 * other property of a request stands in `refused` or in `honoured.ts`; `test/wire/properties.test.ts` asks of each
 * which of the three.
 */
export const acceptedNotEnforced: Readonly<Record<string, string>> = {
  'VirtualMachineConfiguration.windowsConfiguration': NO_WINDOWS,
  'VirtualMachineConfiguration.dataDisks': `${NO_DISK_OF_ITS_OWN} What a data disk is, a device that somebody has to format, it cannot be.`,
  'VirtualMachineConfiguration.licenseType': NO_WINDOWS,
  'VirtualMachineConfiguration.diskEncryptionConfiguration': `${NO_DISK_OF_ITS_OWN} Whether that is encrypted is the operator's affair.`,
  'VirtualMachineConfiguration.nodePlacementConfiguration': 'Nodes are on given machines, which are in no zones.',
  'VirtualMachineConfiguration.extensions': 'Extensions are programs of Azure for its virtual machines; what a node needs its start task can install.',
  'VirtualMachineConfiguration.osDisk': NO_DISK_OF_ITS_OWN,
  'VirtualMachineConfiguration.securityProfile': 'Nodes are processes on given machines: how those boot and what their memory is protected by is theirs.',
  'VirtualMachineConfiguration.serviceArtifactReference': 'It settles which version `latest` of a gallery means; images are of one version here.',
  'UserAccount.windowsUserConfiguration': 'It belongs to Windows nodes, which this service does not provide; for Linux nodes it is refused.',
  'CertificateReference.storeLocation': 'It belongs to Windows nodes, which this service does not provide.',
  'CertificateReference.storeName': 'It belongs to Windows nodes, which this service does not provide.',
  'CloudServiceConfiguration.osFamily': 'Cloud service nodes are Windows machines, which this service does not provide.',
  'CloudServiceConfiguration.osVersion': 'Cloud service nodes are Windows machines, which this service does not provide.',
  'NetworkConfiguration.subnetId': NO_AZURE_NETWORK,
  'NetworkConfiguration.dynamicVNetAssignmentScope': NO_AZURE_NETWORK,
  'NetworkConfiguration.publicIPAddressConfiguration': NO_AZURE_NETWORK,
  'NetworkConfiguration.enableAcceleratedNetworking': NO_AZURE_NETWORK,
  'NetworkConfiguration.publicIPs': NO_AZURE_NETWORK,
  'JobAdd.networkConfiguration': NO_AZURE_NETWORK,
  'JobPatch.networkConfiguration': NO_AZURE_NETWORK,
  'JobSpecification.networkConfiguration': NO_AZURE_NETWORK,
  'PoolAdd.targetNodeCommunicationMode': SIMPLIFIED,
  'PoolSpecification.targetNodeCommunicationMode': SIMPLIFIED,
  'PoolPatch.targetNodeCommunicationMode': SIMPLIFIED,
  'PoolReplace.targetNodeCommunicationMode': SIMPLIFIED,
  'PoolAdd.upgradePolicy': NO_UPGRADE,
  'PoolSpecification.upgradePolicy': NO_UPGRADE,
  'PoolPatch.upgradePolicy': NO_UPGRADE,
  'PoolAdd.resourceTags': 'Tags describe Azure resources, of which there are none.',
  'PoolSpecification.resourceTags': 'Tags describe Azure resources, of which there are none.',
  'PoolPatch.resourceTags': 'Tags describe Azure resources, of which there are none.',
  'PoolAdd.applicationLicenses': 'Licences for rendering software are sold by Azure alone.',
  'PoolSpecification.applicationLicenses': 'Licences for rendering software are sold by Azure alone.',
};
