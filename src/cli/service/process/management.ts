import { createHmac } from 'node:crypto';
import type { Account } from '../../../api/accounts.ts';
import { batchHost, blobHost } from '../../../api/hostNames.ts';
import { DEFAULT_SUBSCRIPTION_ID, TENANT_ID } from '../../../api/identity/wellKnown.ts';
import { openKeys } from '../../../api/management/batchAccount/keys.ts';
import type { Sealing } from '../../../store/sealing.ts';
import type { ManagementOptions } from '../../../api/server.ts';
import type { AccountHost } from '../../../ports.ts';
import { listAccounts } from '../../../store/intents/accounts.ts';
import type { Database } from '../../../store/intents/statement.ts';
import type { ServiceKeys } from '../data/keys.ts';
import type { RegionOptions } from '../regionOptions.ts';
import type { AccountAddresses } from './parts.ts';

/** Accounts with their keys: those of the first are in the data directory until one of them is replaced. */
export async function accountsOf(database: Database, keys: ServiceKeys, sealing: Sealing): Promise<readonly Account[]> {
  const rows = await listAccounts(database);
  return rows.map(({ account: number, name, keys: sealed }) => {
    if (sealed !== null) {
      const { primary, secondary } = openKeys(sealing, sealed);
      return { number, name, keys: [primary, secondary] };
    }
    if (name !== keys.batch.name) throw new Error(`the account ${name} has no keys`);
    return { number, name, keys: [keys.batch.key, secondaryOf(keys)] };
  });
}

/** The data directory keeps one key of the first account; the other follows from a secret of its own. */
function secondaryOf({ batch, nodeSecret }: ServiceKeys): string {
  return createHmac('sha512', nodeSecret).update(`secondary key of ${batch.name}`).digest('base64');
}

/** A service has one tenant and one subscription; what it made by itself is in this group. */
const DIRECTORY = {
  tenantId: TENANT_ID,
  subscriptionId: DEFAULT_SUBSCRIPTION_ID,
  resourceGroup: 'linarite',
};
const DEFAULT_LOCATION = 'westeurope';

/** `port`: of the service. */
export function managementOptions({ host, sealing, addresses, port, region }: { readonly host: AccountHost; readonly sealing: Sealing; readonly addresses: AccountAddresses; readonly port: string; readonly region: RegionOptions }): ManagementOptions {
  const { accountsPerRegion } = region;
  const { suffix } = addresses;
  return {
    host,
    sealing,
    directory: { ...DIRECTORY, location: region.region ?? DEFAULT_LOCATION, isLocationGiven: region.region !== undefined, ...(accountsPerRegion === undefined ? {} : { accountQuota: accountsPerRegion }) },
    places: {
      batch: ({ number, name, location }) => {
        const reached = suffix === null ? addresses.of(number) : batchHost(name, location, suffix);
        return reached === undefined ? undefined : `${reached}:${port}`;
      },
      blobs: (account) => (suffix === null ? undefined : `https://${blobHost(account, suffix)}:${port}`),
    },
  };
}
