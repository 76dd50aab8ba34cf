import type { DependencyIds } from '../../intent.ts';
import type { Job } from '../../model.ts';
import { EXPLAIN_LIST } from '../../tunables.ts';
import type { Filter } from './filter.ts';

/** All ids and ranges that the task depends on are satisfied. */
export const dependenciesMet: Filter<{ readonly dependencies: Job['dependencies']; readonly dependsOn: DependencyIds | null }> = ({ dependencies, dependsOn }) => {
  if (dependencies === null || dependsOn === null) return null;
  const missing = dependencies.missing(dependsOn, EXPLAIN_LIST + 1);
  return missing.length === 0 ? null : { code: 'DependenciesNotMet', missing: missing.slice(0, EXPLAIN_LIST), more: missing.length > EXPLAIN_LIST };
};
