import { createHash } from 'node:crypto';
import type { Quotas as AccountQuotas } from '../../../core/intent.ts';
import type { ResourceRow } from '../../../store/intents/resources.ts';
import { LIMITS } from '../../../wire/limits.ts';
import { managementContract } from '../../../wire/management/contract.ts';
import type { ArmAccountCreate, ArmAccountProperties } from '../../../wire/management/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { ApiVersion } from '../../../wire/versions.ts';
import { quotasIn, type Parts } from '../../call.ts';

export const ACCOUNT_TYPE = 'Microsoft.Batch/batchAccounts';

/** What is kept of an account: the body of its PUT, and when the keys of its storage were read last. */
export interface AccountSpec extends Required<Pick<ArmAccountCreate, 'location'>>, ArmAccountCreate {
  /** ISO 8601; undefined: it has no storage. */
  readonly lastKeySync?: string;
}

export function accountSpec({ spec }: ResourceRow): AccountSpec {
  return JSON.parse(spec) as AccountSpec;
}

export function accountName({ id }: ResourceRow): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** Letters and digits (limits.md 7.3). */
export function isAccountName(name: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(name);
}

/** Accounts name it from this revision on. */
const NODE_MANAGEMENT_SINCE = 16;

/** What of an account stands elsewhere than in its resource. */
interface Around {
  readonly set: AccountQuotas;
  readonly parts: Pick<Parts, 'quotas'>;
  /** `host[:port]`, no scheme. */
  readonly endpoint: string;
  readonly version: ApiVersion;
}

/**
 * An account as answers have it (recorded 8.10: names in their order, what a mode does not have left out).
 */
export function accountView(row: ResourceRow, { set, parts, endpoint, version }: Around): object {
  const { location, tags, identity = { type: 'None' }, properties = {}, lastKeySync } = accountSpec(row);
  const { poolAllocationMode = 'BatchService', publicNetworkAccess = 'Enabled', encryption = { keySource: 'Microsoft.Batch' }, autoStorage, keyVaultReference, networkProfile } = properties;
  const isOurs = poolAllocationMode === 'BatchService';
  const { pools, activeJobs } = quotasIn(parts, set);
  const { dedicatedCores = null, lowPriorityCores = null, families = {} } = set;
  const known = managementContract.writeBody('ArmAccountProperties', version, { autoStorage: autoStorage && { ...autoStorage, authenticationMode: autoStorage.authenticationMode ?? 'StorageKeys' }, keyVaultReference, networkProfile, encryption, publicNetworkAccess, allowedAuthenticationModes: allowedModes(properties) });
  return {
    id: row.id,
    name: accountName(row),
    type: ACCOUNT_TYPE,
    location,
    properties: {
      accountEndpoint: endpoint,
      ...(version.revision < NODE_MANAGEMENT_SINCE ? {} : { nodeManagementEndpoint: nodeManagementEndpoint(row, endpoint) }),
      provisioningState: row.state,
      ...(isOurs ? { dedicatedCoreQuota: bounded(dedicatedCores), dedicatedCoreQuotaPerVMFamily: Object.entries(families).map(([name, cores]) => ({ name, coreQuota: bounded(cores) })) } : {}),
      dedicatedCoreQuotaPerVMFamilyEnforced: isOurs && Object.keys(families).length > 0,
      ...(isOurs ? { lowPriorityCoreQuota: bounded(lowPriorityCores) } : {}),
      poolQuota: bounded(pools),
      activeJobAndJobScheduleQuota: bounded(activeJobs),
      ...(autoStorage === undefined ? {} : { autoStorage: { storageAccountId: autoStorage.storageAccountId, lastKeySync: lastKeySync ?? formatTimestamp(row.createdAt), ...(known['autoStorage'] as object) } }),
      poolAllocationMode,
      ...pick(known, ['keyVaultReference', 'publicNetworkAccess', 'networkProfile']),
      privateEndpointConnections: [],
      ...pick(known, ['encryption', 'allowedAuthenticationModes']),
    },
    ...(tags === undefined ? {} : { tags }),
    identity: managementContract.writeBody('ArmIdentity', version, { ...identity, ...(identity.userAssignedIdentities && { userAssignedIdentities: inOrder(identity.userAssignedIdentities) }) }),
  };
}

/** Recorded: accounts in the user's own subscription have no shared keys. */
export function allowedModes({ allowedAuthenticationModes, poolAllocationMode }: NonNullable<AccountSpec['properties']>): NonNullable<ArmAccountProperties['allowedAuthenticationModes']> {
  const all = ['SharedKey', 'AAD', 'TaskAuthenticationToken'] as const;
  return (allowedAuthenticationModes ?? all).filter((mode) => mode !== 'SharedKey' || poolAllocationMode !== 'UserSubscription');
}

/** Where nodes would find the service; `endpoint`: of the account. */
export function nodeManagementEndpoint(row: ResourceRow, endpoint: string): string {
  return `${guidOf(row.id)}.${accountSpec(row).location}.service.${endpoint}`;
}

/** Quotas are whole numbers on the wire: no bound is the largest there is. */
function bounded(quota: number | null): number {
  return quota ?? LIMITS.unboundedQuota;
}

/** The database keeps no order of names. */
function inOrder(identities: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(identities).map(([id, known]) => {
      const { principalId, clientId } = known as { readonly principalId?: string; readonly clientId?: string };
      return [id, { principalId, clientId }];
    }),
  );
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}

/** The same for the same text. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text.toLowerCase()).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
