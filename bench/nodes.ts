import { parseArgs } from 'node:util';
import { measureFormulas } from './support/formulas.ts';
import { measureIdle } from './support/idleNodes.ts';
import { measureResizes } from './support/resizes.ts';

const PARTS = ['resizes', 'idle', 'formulas'] as const;

/**
 * What nodes cost: how soon one of this machine is ready, what 200 resizes of a pool of 8 leave behind, what the
 * process of a service takes with 10,000 connected nodes that are idle (agents of another process, over real sockets),
 * and how long it takes to evaluate the formulas of 1,000 pools. `--only resizes|idle|formulas`: that part;
 * `--nodes 1000`, `--resizes 20`: so many; `--profile`: with the service's functions that took most of its time, of
 * which the look at them takes a part itself.
 */
export async function run(): Promise<Record<string, unknown>> {
  const options = {
    nodes: { type: 'string', default: '10000' },
    resizes: { type: 'string', default: '200' },
    only: { type: 'string' },
    profile: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ args: process.argv.slice(3), options });
  const isAsked = (part: (typeof PARTS)[number]): boolean => values.only === undefined || values.only === part;
  return {
    ...(isAsked('resizes') ? await measureResizes(Number(values.resizes)) : {}),
    ...(isAsked('idle') ? await measureIdle(Number(values.nodes), values.profile) : {}),
    ...(isAsked('formulas') ? await measureFormulas(values.profile) : {}),
  };
}
