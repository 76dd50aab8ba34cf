import { lockAccount } from '../../../store/intents/accounts.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { countPools, findPool, insertPool } from '../../../store/intents/pools.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { withPoolDefaults, type PoolWithDefaults } from '../../../wire/defaults.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { Pool, PoolAdd } from '../../../wire/types.generated.ts';
import { quotasIn, wakeLater, type Call, type Parts } from '../../call.ts';
import { checkFormula, checkInterval } from './autoScale.ts';
import { checkNamed, hashed } from './named.ts';
import { poolTemplate } from './template.ts';

/** What only the management plane can set; it stands in the specification of the pool. `tags`: its own alone. */
export interface SetByManagement {
  readonly identity?: Pool['identity'];
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Makes a pool. @throws BatchError PoolExists, PoolBeingDeleted, PoolQuotaReached, and what the formula and the names
 * of packages deserve.
 */
export async function addPool(call: Call, parts: Parts, asked: PoolAdd, more: SetByManagement = {}): Promise<PoolWithDefaults> {
  checkFormula(asked.autoScaleFormula);
  checkInterval(asked.autoScaleEvaluationInterval, parts);
  const spec = { ...withPoolDefaults({ ...asked, ...(await hashed(asked)) }, call.version), ...more };
  const { number: account } = call.principal.account;
  await transaction(parts.database, async (tx, last) => {
    // The account's row orders creations, so that the quota is exact.
    const quotas = quotasIn(parts, await lockAccount(tx, account));
    const there = await findPool(tx, account, spec.id);
    if (there !== null) throw new BatchError(there.deletedAt === null ? 'PoolExists' : 'PoolBeingDeleted');
    if (quotas.pools !== null && (await countPools(tx, account)) >= quotas.pools) throw new BatchError('PoolQuotaReached');
    await checkNamed(tx, call.principal.account, spec);
    const number = await insertPool(tx, parts.sealing, account, spec.id, poolTemplate(spec), call.now);
    last(tellOwner(tx, account, { kind: 'pool', pool: number }));
  });
  wakeLater(call, parts);
  return spec;
}
