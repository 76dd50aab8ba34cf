import type { SimulatedPoolRules } from '../../../ports.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { findVmSize } from '../../../wire/sizes/find.ts';
import { poolTemplate } from '../../data/pool/template.ts';

/** A pool as the rules of a simulation know it. Nodes of any image can be had there. */
export function asTried(pool: PoolWithDefaults): SimulatedPoolRules {
  const { rules, targetDedicated, targetLowPriority, resizeTimeoutMs } = poolTemplate(pool);
  const { autoScale, jobOrder = 'none', ...same } = rules;
  return {
    coresPerNode: findVmSize(pool.vmSize)?.cores ?? 1,
    pool: {
      ...same,
      jobOrder,
      id: pool.id,
      targetDedicated,
      targetLowPriority,
      resizeTimeoutMs,
      nodeDeallocation: 'requeue',
      resizeSequence: 1,
      stopSequence: 0,
      autoScale: autoScale === undefined ? null : { ...autoScale, sequence: 0, at: 0 },
      unavailable: null,
      isAuto: false,
      deletedAt: null,
    },
  };
}
