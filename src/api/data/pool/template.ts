import type { PoolTemplate } from '../../../store/rules.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { osOfAgent } from '../../../wire/images.ts';
import { durationMs } from '../durationMs.ts';
import { poolRules } from './view.ts';

export const DEFAULT_RESIZE_TIMEOUT_MS = 15 * 60_000;

/** What a pool is made of, but for its id. */
export function poolTemplate(spec: Omit<PoolWithDefaults, 'id'>): Omit<PoolTemplate, 'keepAlive'> {
  const { targetDedicatedNodes: targetDedicated, targetLowPriorityNodes: targetLowPriority } = spec;
  return { spec, rules: poolRules(spec), targetDedicated, targetLowPriority, resizeTimeoutMs: durationMs(spec.resizeTimeout, DEFAULT_RESIZE_TIMEOUT_MS), unavailable: unavailable(spec) };
}

/** Why no node of this kind can be had here; the pool is made all the same, and its resize says so. */
export function unavailable(spec: Pick<PoolWithDefaults, 'cloudServiceConfiguration' | 'virtualMachineConfiguration'>): string | null {
  if (spec.cloudServiceConfiguration) return 'Cloud service nodes are Windows machines; this service has Linux nodes only.';
  if (osOfAgent(spec.virtualMachineConfiguration?.nodeAgentSKUId ?? '') === 'windows') return 'The image is a Windows image; this service has Linux nodes only.';
  return null;
}
