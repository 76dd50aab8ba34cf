import type { SigningAccount } from '../../blobs/sas.ts';
import { TransferError } from '../../blobs/transferError.ts';
import { contentDiffers, contentTypeOf, hasContainer, makeContainer, putWhole, signedUrl } from './blobs.ts';
import type { Asking, Item } from './item.ts';
import type { Seed, SeedContainer, SeedFile } from './read.ts';
import { permittedStorage } from './resourceItems.ts';

/**
 * Containers, each with its blobs. Who may list the keys of their storage account may have them made. `accounts`: those
 * of the document.
 */
export function blobItems({ storage, group }: Seed, accounts: readonly Item[], asking: Asking): readonly Item[] {
  return storage.flatMap((one) => {
    let account: Promise<SigningAccount> | undefined;
    const open = (): Promise<SigningAccount> => (account ??= permittedStorage(one.account, group?.name ?? null, asking));
    const container = containerItem(one, accounts.find(({ id }) => id === one.account) ?? null, open, asking);
    return [container, ...one.blobs.map((blob) => blobItem(one, blob, open, asking, container))];
  });
}

type Open = () => Promise<SigningAccount>;

function containerItem({ id, place, account }: SeedContainer, within: Item | null, open: Open, { parts, signal }: Asking): Item {
  const now = (): number => parts.data.wallClock();
  return {
    kind: 'container',
    id: account === null ? id : `${account}/${id}`,
    place,
    within,
    differing: async () => ((await hasContainer(await open(), id, now(), signal)) ? [] : null),
    make: async () => makeContainer(await open(), id, now(), signal),
    change: () => Promise.resolve(),
  };
}

function blobItem(container: SeedContainer, { id, place, bytes, contentType }: SeedFile, open: Open, { parts, signal }: Asking, within: Item): Item {
  const url = async (right: 'read' | 'write'): Promise<string> => signedUrl(await open(), [container.id, id], right, parts.data.wallClock());
  return {
    kind: 'blob',
    id: `${within.id}/${id}`,
    place,
    within,
    differing: async () => {
      const differs = await contentDiffers(await url('read'), bytes, signal);
      if (differs === null) return null;
      const isOfType = contentType === null || (await contentTypeOf(await url('read'), signal)) === contentType;
      return [...(differs ? ['content'] : []), ...(isOfType ? [] : ['contentType'])];
    },
    make: async () => {
      try {
        await putWhole(await url('write'), bytes, { signal, contentType, isNew: true });
        return true;
      } catch (error) {
        if (error instanceof TransferError && error.code === 'BlobAlreadyExists') return false;
        throw error;
      }
    },
    change: async () => putWhole(await url('write'), bytes, { signal, contentType }),
  };
}
