import { InvalidArgumentError, Option } from 'commander';

const FLAG = '--host-suffix';
/** A name of DNS, with room for an account, a region and `batch` before it. */
const FORM = /^(?=.{1,180}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What the names of accounts' hosts end with. */
export function hostSuffixOption(): Option {
  return new Option(`${FLAG} <suffix>`, 'accounts have names, ACCOUNT.REGION.batch.SUFFIX, and their blobs ACCOUNT.blob.core.SUFFIX (default: accounts have addresses)').argParser((text: string) => {
    if (!FORM.test(text)) throw new InvalidArgumentError('a suffix is a name of lower-case letters, digits, - and full stops');
    return text;
  });
}

/** As the next process is told. */
export function hostSuffixFlags(hostSuffix: string | undefined): string[] {
  return hostSuffix === undefined ? [] : [FLAG, hostSuffix];
}
