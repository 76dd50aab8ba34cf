import { BatchError } from '../../wire/errors.ts';
import type { Account } from '../accounts.ts';
import { activate, getApplication, getPackage, patchApplication, putApplication, putPackage, type ApplicationProperties, type ApplicationView, type PackageWithUrl, type Workplace } from '../application/applications.ts';
import { readProperties } from '../own/applications.ts';
import { contentDiffers, putWhole } from './blobs.ts';
import { differences } from './compare.ts';
import type { Asking, Item } from './item.ts';
import type { Contents, SeedApplication, SeedFile } from './read.ts';

/** Applications, each with its packages, and then which of these is the default. */
export function applicationItems({ applications }: Contents, account: Account, asking: Asking, inside: Item | null): readonly Item[] {
  const { database, storageOf, wallClock } = asking.parts.data;
  const at = (): Workplace => ({ database, storage: storageOf(account.number), account: account.number, now: asking.now(), wallClock });
  return applications.flatMap((one) => {
    const { defaultVersion, ...properties } = one.body;
    const application = applicationItem({ ...one, body: properties }, at, asking, inside);
    const packages = one.packages.map((file) => packageItem(one.id, file, at, asking, application));
    return [application, ...packages, ...(defaultVersion === undefined || defaultVersion === null ? [] : [defaultItem(one, defaultVersion, at, application)])];
  });
}

function applicationItem({ id, place, body }: SeedApplication, at: () => Workplace, { permit }: Asking, within: Item | null): Item {
  return {
    kind: 'application',
    id,
    place,
    within,
    differing: async () => {
      permit('applications');
      const asked = readProperties({ properties: body });
      const there = await found(id, at);
      return there === null ? null : differences(asked, there);
    },
    make: async () => {
      await putApplication(at(), id, readProperties({ properties: body }));
      return true;
    },
    change: async () => void (await patchApplication(at(), id, readProperties({ properties: body }))),
  };
}

function found(id: string, at: () => Workplace): Promise<ApplicationView | null> {
  return unlessMissing(() => getApplication(at(), id));
}

/** One that nothing was activated of is made anew: whoever began it did not get to its end. */
function packageItem(application: string, { id: version, place, bytes }: SeedFile, at: () => Workplace, { signal }: Asking, within: Item): Item {
  const upload = async ({ storageUrl }: PackageWithUrl): Promise<void> => {
    await putWhole(storageUrl, bytes, { signal });
    await activate(at(), application, version, 'zip');
  };
  return {
    kind: 'package',
    id: `${application}/${version}`,
    place,
    within,
    differing: async () => {
      const there = await unlessMissing(() => getPackage(at(), application, version));
      if (there === null || there.state === 'Pending') return null;
      return (await contentDiffers(there.storageUrl, bytes, signal)) === false ? [] : ['content'];
    },
    make: async () => {
      await upload(await putPackage(at(), application, version));
      return true;
    },
    change: async () => {
      const { allowUpdates } = await getApplication(at(), application);
      if (!allowUpdates) throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: 'The package is active, and its application does not allow updates of its packages.' }]);
      await upload(await getPackage(at(), application, version));
    },
  };
}

function defaultItem({ id, place }: SeedApplication, asked: unknown, at: () => Workplace, within: Item): Item {
  const properties = (): ApplicationProperties => readProperties({ properties: { defaultVersion: asked } });
  const set = async (): Promise<void> => void (await patchApplication(at(), id, properties()));
  return {
    kind: 'default version',
    id,
    place: `${place}.defaultVersion`,
    within,
    differing: async () => {
      const { defaultVersion } = properties();
      const there = await found(id, at);
      if (there === null || there.defaultVersion === null) return null;
      return differences({ defaultVersion }, there);
    },
    make: async () => {
      await set();
      return true;
    },
    change: set,
  };
}

async function unlessMissing<Found>(find: () => Promise<Found>): Promise<Found | null> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof BatchError && error.status === 404) return null;
    throw error;
  }
}
