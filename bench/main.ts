/**
 * `npm run -s bench -- NAME`: imports `./NAME.ts` and runs its `run()`. The bench prints readable lines while it
 * works and returns its figures; they are printed as one JSON object on the last line, so that scripts can read them,
 * with what the machine did meanwhile.
 */
import { readdirSync } from 'node:fs';
import { described, watchMachine } from './support/machine.ts';

interface Bench {
  run(): Promise<Record<string, unknown>>;
}

function benchNames(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
    .map((file) => file.slice(0, -'.ts'.length))
    .toSorted();
}

function isBench(module: unknown): module is Bench {
  return typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function';
}

const name = process.argv[2];
const names = benchNames();
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run -s bench -- NAME\nNAME is one of: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const module: unknown = await import(`./${name}.ts`);
  if (!isBench(module)) throw new Error(`bench/${name}.ts exports no run()`);
  const watched = watchMachine();
  const figures = await module.run();
  const machine = watched();
  console.log(described(machine));
  console.log(JSON.stringify({ ...figures, machine }));
}
