import { invalidProperty } from './errors.ts';
import { osOfAgent } from './images.ts';
import type { AzureBlobFileSystemConfiguration, AzureFileShareConfiguration, MountConfiguration, PoolAdd } from './types.generated.ts';

type Pool = Pick<PoolAdd, 'mountConfiguration' | 'virtualMachineConfiguration' | 'cloudServiceConfiguration'>;

/** What Linux alone mounts (documentation, "Mount a virtual file system on a Batch pool", support matrix). */
const LINUX_ONLY = ['azureBlobFileSystemConfiguration', 'nfsMountConfiguration', 'cifsMountConfiguration'] as const;

/** What must hold between the mounts of a pool, and with its nodes (codes inferred). */
export function checkMounts({ mountConfiguration = [], virtualMachineConfiguration, cloudServiceConfiguration }: Pool): void {
  const isWindows = cloudServiceConfiguration !== undefined || osOfAgent(virtualMachineConfiguration?.nodeAgentSKUId ?? '') === 'windows';
  const paths: string[] = [];
  for (const mount of mountConfiguration) {
    const other = LINUX_ONLY.find((name) => mount[name] !== undefined);
    if (isWindows && other !== undefined) throw invalidProperty(other, '', 'Windows nodes mount shares of Azure Files only.');
    const path = `${pathOf(mount)}/`;
    if (paths.some((one) => one.startsWith(path) || path.startsWith(one))) throw invalidProperty('relativeMountPath', pathOf(mount), 'No file system is mounted at, or below, the path of another one.');
    paths.push(path);
  }
}

/** Of each mount by itself (codes inferred). Two slashes in a row, or one at the end, say nothing. */
export function checkMount(mount: MountConfiguration): void {
  const path = mountsOf(mount)?.relativeMountPath ?? '';
  const parts = path.replace(/\/+$/, '').split(/\/+/);
  if (path === '') throw invalidProperty('relativeMountPath', path, 'The value must not be empty.');
  if (path.startsWith('/') || parts.includes('..') || parts.includes('.')) throw invalidProperty('relativeMountPath', path, 'The path must be a relative one, without . and .. .');
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_NAME_BYTES)) throw invalidProperty('relativeMountPath', path, `A name in the path has at most ${LONGEST_NAME_BYTES} bytes.`);
}

/** Linux; the mount's log has a longer name, and the kernel's own bound for paths is far. */
const LONGEST_NAME_BYTES = 200;

function mountsOf({ azureBlobFileSystemConfiguration, nfsMountConfiguration, cifsMountConfiguration, azureFileShareConfiguration }: MountConfiguration): { readonly relativeMountPath: string } | undefined {
  return azureBlobFileSystemConfiguration ?? nfsMountConfiguration ?? cifsMountConfiguration ?? azureFileShareConfiguration;
}

function pathOf(mount: MountConfiguration): string {
  return (mountsOf(mount)?.relativeMountPath ?? '').split('/').filter((part) => part !== '').join('/');
}

/** Without the value: it is a secret. */
export function checkMountOptions(options = ''): void {
  if (hasCredentials(options)) throw invalidProperty('mountOptions', '', 'User name and password have properties of their own.');
}

/** Options of mount.cifs(8) that are a password, or the name of a file with one. */
export function hasCredentials(options: string): boolean {
  return /(?:^|[\s,"']|-o)(?:pass|password|password2|cred|credentials)=/i.test(options);
}

/** Documentation, "Storage account overview": it becomes part of a host's name. */
const ACCOUNT_NAME = /^[a-z0-9]{3,24}$/;
/** Documentation, "Naming and referencing containers, blobs, and metadata". */
const CONTAINER_NAME = /^(?:\$root|\$web|\$logs|(?=.{3,63}$)[a-z0-9](?:-?[a-z0-9])*)$/;

export function checkBlobMount({ accountName, containerName }: AzureBlobFileSystemConfiguration): void {
  checkAccountName(accountName);
  if (!CONTAINER_NAME.test(containerName)) throw invalidProperty('containerName', containerName, 'The name of a container has 3 to 63 lower-case letters, digits and single hyphens.');
}

export function checkFileShare({ accountName, azureFileUrl }: AzureFileShareConfiguration): void {
  checkAccountName(accountName);
  if (!/^https?:\/\/[^/]+\/[^/]+/i.test(azureFileUrl) || !URL.canParse(azureFileUrl) || new URL(azureFileUrl).username !== '') {
    throw invalidProperty('azureFileUrl', azureFileUrl, 'The value must be of the form https://{account}.file.core.windows.net/{share}.');
  }
}

function checkAccountName(accountName: string): void {
  if (!ACCOUNT_NAME.test(accountName)) throw invalidProperty('accountName', accountName, 'The name of a storage account has 3 to 24 lower-case letters and digits.');
}
