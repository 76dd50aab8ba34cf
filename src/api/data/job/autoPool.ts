import { isDeepStrictEqual } from 'node:util';
import type { AutoPool } from '../../../core/intent.ts';
import type { FailureInfo } from '../../../core/status.ts';
import type { Transaction } from '../../../store/intents/statement.ts';
import type { PoolTemplate } from '../../../store/rules.ts';
import { withPoolInfoDefaults, type PoolWithDefaults } from '../../../wire/defaults.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import type { AutoPoolSpecification, PoolInfo } from '../../../wire/types.generated.ts';
import type { ApiVersion } from '../../../wire/versions.ts';
import type { Account } from '../../accounts.ts';
import { checkFormula } from '../pool/autoScale.ts';
import { checkNamed, hashed } from '../pool/named.ts';
import { poolTemplate } from '../pool/template.ts';

/**
 * Where the job finds its pool, as it is stored: of an auto pool with its defaults, and no password. `before`: what is
 * stored of the job already.
 */
export async function storedPoolInfo(poolInfo: PoolInfo, version: ApiVersion, before?: PoolInfo): Promise<PoolInfo> {
  const whole = withPoolInfoDefaults(poolInfo, version);
  const { autoPoolSpecification: auto } = whole;
  if (auto?.pool === undefined) return whole;
  return { ...whole, autoPoolSpecification: { ...auto, pool: { ...auto.pool, ...(await hashed(auto.pool, before?.autoPoolSpecification?.pool)) } } };
}

/** What the auto pool of a job is made of; null: the job names a pool. */
export function autoPoolTemplate({ autoPoolSpecification: auto }: PoolInfo): PoolTemplate | null {
  // `storedPoolInfo` has filled it in.
  return auto === undefined ? null : { ...poolTemplate(auto.pool as PoolWithDefaults), keepAlive: auto.keepAlive ?? false };
}

/** The sentences of what keeps an auto pool from being made (errors.md 4.6; that of certificates is recorded). */
const REFUSALS = {
  InvalidCertificateReferences: { code: 'InvalidCertificatesInAutoPool', message: 'One or more certificates specified for the pool are invalid' },
  InvalidApplicationPackageReferences: { code: 'InvalidApplicationPackageReferencesInAutoPool', message: 'One or more application packages specified for the pool are invalid' },
  AutoScalingFormulaSyntaxError: { code: 'InvalidAutoScaleFormulaInAutoPool', message: 'The automatic scaling formula specified for the pool is invalid' },
} as const;

/**
 * What the rules are told of the auto pool. What it names and is not there lets the job be added all the same, and end
 * at once (recorded).
 */
export async function autoPoolRules(tx: Transaction, account: Account, { autoPoolSpecification: auto }: PoolInfo): Promise<{ readonly autoPool?: AutoPool }> {
  if (auto === undefined) return {};
  const refusal = await refusalOf(tx, account, auto);
  return { autoPool: { lifetime: auto.poolLifetimeOption, prefix: auto.autoPoolIdPrefix ?? '', ...(refusal === null ? {} : { refusal }) } };
}

async function refusalOf(tx: Transaction, account: Account, { pool = { vmSize: '' } }: AutoPoolSpecification): Promise<FailureInfo | null> {
  try {
    await checkNamed(tx, account, pool);
    checkFormula(pool.autoScaleFormula);
    return null;
  } catch (error) {
    const known = error instanceof BatchError ? Object.entries(REFUSALS).find(([code]) => code === error.code)?.[1] : undefined;
    if (known === undefined || !(error instanceof BatchError)) throw error;
    return { category: 'UserError', ...known, details: error.values.map(({ key, value }) => ({ name: key, value })) };
  }
}

/**
 * What a change of a job's pool asks for (API reference, "Update a job": of an auto pool only whether it is kept can be
 * changed, and only of one that lives as long as the job). `same`: nothing.
 *
 * @throws BatchError InvalidPropertyValue
 */
export function poolChange(before: PoolInfo, asked: PoolInfo): 'same' | 'keepAlive' | 'pool' {
  const [auto, wanted] = [before.autoPoolSpecification, asked.autoPoolSpecification];
  if (wanted === undefined) return before.poolId?.toLowerCase() === asked.poolId?.toLowerCase() ? 'same' : 'pool';
  const refused = (reason: string): BatchError => invalidProperty('autoPoolSpecification', '', reason);
  if (auto === undefined) throw refused('A job that names a pool cannot be given an auto pool.');
  if (!isDeepStrictEqual(comparable(auto), comparable(wanted))) throw refused('Of an auto pool only keepAlive can be changed.');
  if (auto.keepAlive === wanted.keepAlive) return 'same';
  if (auto.poolLifetimeOption !== 'job') throw refused('keepAlive can be changed only of a pool that lives as long as its job.');
  return 'keepAlive';
}

/** Without what may change, and without what is there as `undefined`. */
function comparable({ keepAlive: _keepAlive, ...rest }: AutoPoolSpecification): unknown {
  return JSON.parse(JSON.stringify(rest));
}
