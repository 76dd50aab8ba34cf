import type { Refusal } from './contract/tables.ts';
import type { QueryName } from './operationTable.ts';

/**
 * What requests may carry and this service refuses for now, by shape and property: answered with 400
 * UnsupportedProperty and the reason. A row goes away with the change that makes its property work.
 */
export const REFUSED: Readonly<Record<string, Refusal>> = {
};

const NO_VIRTUAL_MACHINE = 'Nodes are processes on given machines, not virtual machines that this could configure.';
const NO_AZURE_NETWORK = "Nodes have the network of the machine they run on; Azure's is not there to configure.";

/**
 * What is accepted, kept, answered as sent, and not enforced, by shape and property (with all below it), and why. Every
 * other property of a request stands in `refused` or in `honoured.ts`; `test/wire/properties.test.ts` asks of each
 * which of the three.
 */
export const acceptedNotEnforced: Readonly<Record<string, string>> = {
  'VirtualMachineConfiguration.windowsConfiguration': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.dataDisks': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.licenseType': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.diskEncryptionConfiguration': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.nodePlacementConfiguration': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.extensions': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.osDisk': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.securityProfile': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.serviceArtifactReference': NO_VIRTUAL_MACHINE,
  'VirtualMachineConfiguration.imageReference': 'Nodes run the operating system of their machine; the image only says Linux or Windows.',
  'UserAccount.windowsUserConfiguration': 'It belongs to Windows nodes, which this service does not provide; for Linux nodes it is refused.',
  'CertificateReference.storeLocation': 'It belongs to Windows nodes, which this service does not provide.',
  'CertificateReference.storeName': 'It belongs to Windows nodes, which this service does not provide.',
  'CloudServiceConfiguration.osFamily': 'Cloud service nodes are Windows machines, which this service does not provide.',
  'CloudServiceConfiguration.osVersion': 'Cloud service nodes are Windows machines, which this service does not provide.',
  'PoolAdd.networkConfiguration': NO_AZURE_NETWORK,
  'PoolSpecification.networkConfiguration': NO_AZURE_NETWORK,
  'PoolPatch.networkConfiguration': NO_AZURE_NETWORK,
  'JobAdd.networkConfiguration': NO_AZURE_NETWORK,
  'JobPatch.networkConfiguration': NO_AZURE_NETWORK,
  'JobSpecification.networkConfiguration': NO_AZURE_NETWORK,
  'PoolAdd.targetNodeCommunicationMode': 'Agents always dial out, which is what the simplified mode means.',
  'PoolSpecification.targetNodeCommunicationMode': 'Agents always dial out, which is what the simplified mode means.',
  'PoolPatch.targetNodeCommunicationMode': 'Agents always dial out, which is what the simplified mode means.',
  'PoolReplace.targetNodeCommunicationMode': 'Agents always dial out, which is what the simplified mode means.',
  'PoolAdd.upgradePolicy': NO_VIRTUAL_MACHINE,
  'PoolSpecification.upgradePolicy': NO_VIRTUAL_MACHINE,
  'PoolPatch.upgradePolicy': NO_VIRTUAL_MACHINE,
  'PoolAdd.resourceTags': 'Tags describe Azure resources, of which there are none.',
  'PoolSpecification.resourceTags': 'Tags describe Azure resources, of which there are none.',
  'PoolPatch.resourceTags': 'Tags describe Azure resources, of which there are none.',
  'PoolAdd.applicationLicenses': 'Licences for rendering software are sold by Azure alone.',
  'PoolSpecification.applicationLicenses': 'Licences for rendering software are sold by Azure alone.',
};

/** Query parameters that are read and checked but change nothing, and why. */
export const QUERIES_NOT_ENFORCED: Readonly<Partial<Record<QueryName, string>>> = {
  $expand: 'Statistics are not collected; answers leave `stats` out.',
};
