import { lowerAscii } from '../wire/letters.ts';

/** The suffix where the operator names none: some systems resolve what is below `localhost` by themselves. */
export const HOST_SUFFIX = 'localhost';

/** Names of the real service, which some clients have in their code: whoever asks us for them gets a certificate. */
const AZURE_DOMAINS = ['batch.azure.com', 'core.windows.net', 'management.azure.com', 'login.microsoftonline.com', 'management.core.windows.net'];

/** What follows the account in the name of its blobs' host: the Storage SDKs look for this. */
const BLOBS = 'blob.core';

/** `ACCOUNT.REGION.batch.SUFFIX`, as the real service has it. */
export function batchHost(account: string, location: string, suffix: string): string {
  return `${account}.${location}.batch.${suffix}`;
}

/** `ACCOUNT.blob.core.SUFFIX` */
export function blobHost(account: string, suffix: string): string {
  return `${account}.${BLOBS}.${suffix}`;
}

/** The storage account whose blobs a host is for; undefined: it is for something else. */
export function blobAccountAt(host: string | undefined): string | undefined {
  return /^([a-z0-9]{3,24})\.blob\.core\./.exec(lowerAscii(host ?? ''))?.[1];
}

/** Whether a name is one that this service answers to. */
export function isOurs(name: string, suffix: string): boolean {
  return [suffix, ...AZURE_DOMAINS].some((domain) => name === domain || name.endsWith(`.${domain}`));
}

/**
 * The name in the certificate for a host: all hosts of one domain share a wildcard. undefined: it is none of ours.
 * `name`: lower case.
 */
export function certificateName(name: string, suffix: string): string | undefined {
  if (!isOurs(name, suffix)) return undefined;
  const [, ...domain] = name.split('.');
  return domain.length < 2 ? name : `*.${domain.join('.')}`;
}
