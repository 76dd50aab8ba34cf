import { EXPLAIN_LIST } from '../../tunables.ts';
import type { DependencyIds } from '../../intent.ts';
import type { Dependencies } from '../../dependencies.ts';
import type { Filter } from '../filter.ts';

/** All ids and ranges that the task depends on are satisfied. */
export const dependenciesMet: Filter<{ readonly dependencies: Dependencies | null; readonly dependsOn: DependencyIds | null }> = {
  code: 'DependenciesNotMet',
  passes: ({ dependencies, dependsOn }) => dependencies === null || dependsOn === null || dependencies.missing(dependsOn, 1).length === 0,
  message: ({ dependencies, dependsOn }) => {
    const missing = dependencies === null || dependsOn === null ? [] : dependencies.missing(dependsOn, EXPLAIN_LIST + 1);
    const more = missing.length > EXPLAIN_LIST ? ' and others' : '';
    return `The task depends on tasks that have not ended with satisfaction (or do not exist): ${missing.slice(0, EXPLAIN_LIST).join(', ')}${more}.`;
  },
};
