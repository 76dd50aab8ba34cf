import { findPool, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { BatchError } from '../../../wire/errors.ts';
import { readPoolChange, readWholePool, removesStartTask } from '../../../wire/management/pool/reading.ts';
import type { ArmPool } from '../../../wire/management/types.generated.ts';
import type { NodeDeallocationOption } from '../../../core/intent.ts';
import { lowerAscii } from '../../../wire/letters.ts';
import type { Account } from '../../accounts.ts';
import { assignedIdentities } from '../managedIdentity/assigned.ts';
import { addPool, type SetByManagement } from '../../data/pool/add.ts';
import { redefinePool } from '../../data/pool/redefine.ts';
import { openAccount } from '../batchAccount/opened.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { dataCall } from './asked.ts';
import { poolAnswer } from './view.ts';

/** PUT: makes the pool, or makes one that is there what is asked for. */
export const putPool: ManagementHandler = async (call, parts) => {
  const { account, id } = await openAccount(call, parts);
  const body = readBody('ArmPool', call, await call.json());
  const given = readWholePool(param(call, 'poolName'), body.properties ?? {}, call.version);
  const more = await setByManagement(body, call, parts);
  const known = await findPool(parts.data.database, account.number, param(call, 'poolName'));
  checkPresence(call, known);
  if (known === null && (await isAdded())) return shown(account, id, call, parts);
  await redefinePool(dataCall(call, account, 'Pool_Patch'), parts.data, { given, isWhole: true, ...more, ...deallocation(body) });
  return shown(account, id, call, parts);

  /** False: another made it meanwhile. */
  async function isAdded(): Promise<boolean> {
    try {
      await addPool(dataCall(call, account, 'Pool_Add'), parts.data, given, more);
      return true;
    } catch (error) {
      if (!(error instanceof BatchError) || error.code !== 'PoolExists') throw error;
      checkPresence(call, 'there');
      return false;
    }
  }
};

/** PATCH: what is named is replaced whole. */
export const patchPool: ManagementHandler = async (call, parts) => {
  const { account, id } = await openAccount(call, parts);
  const body = readBody('ArmPool', call, await call.json());
  const given = readPoolChange(body.properties ?? {}, call.version);
  await redefinePool(dataCall(call, account, 'Pool_Patch'), parts.data, { given, isWhole: false, removesStartTask: removesStartTask(body.properties ?? {}), ...(await setByManagement(body, call, parts)), ...deallocation(body) });
  return shown(account, id, call, parts);
};

export async function shown(account: Account, accountId: string, call: ManagementCall, parts: ManagementParts) {
  const row = await findPool(parts.data.database, account.number, param(call, 'poolName'));
  if (row === null) throw new BatchError('PoolNotFound');
  return poolAnswer(row, accountId, call);
}

/** `If-None-Match: *` forbids to replace one, `If-Match` to make one. @throws BatchError ConditionNotMet (412). */
function checkPresence({ headers }: ManagementCall, known: PoolWithStatus | 'there' | null): void {
  if (known !== null && headers['if-none-match'] !== undefined) throw new BatchError('ConditionNotMet');
  if (known === null && headers['if-match'] !== undefined) throw new BatchError('ConditionNotMet');
}

function deallocation({ properties }: ArmPool): { readonly nodeDeallocationOption?: NodeDeallocationOption } {
  const asked = properties?.scaleSettings?.fixedScale?.nodeDeallocationOption;
  return asked === undefined ? {} : { nodeDeallocationOption: lowerAscii(asked) as NodeDeallocationOption };
}

/** Identities are kept by their ids as they were sent, with what the service knows of those that it has. */
async function setByManagement({ identity, tags }: ArmPool, call: ManagementCall, parts: ManagementParts): Promise<SetByManagement> {
  if (identity === undefined) return tags === undefined ? {} : { tags };
  const set: SetByManagement['identity'] = identity.type === 'None' ? { type: 'None' } : { type: 'UserAssigned', userAssignedIdentities: await assignedIdentities(identity.userAssignedIdentities, call, parts) };
  return { identity: set, ...(tags === undefined ? {} : { tags }) };
}
