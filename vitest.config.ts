import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take a minute or so, longest first: what starts last is waited for by nothing else. Vitest itself knows how long a file took only where it ran before,
 * and begins with the largest ones elsewhere.
 */
const LONGEST = [
  'simulation/together',
  'simulation/kindsOfWork',
  'clients/killSweep',
  'clients/nodesWithTasks',
  'cli/run/run',
  'agent/containers',
  'clients/azWalkThrough',
  'blobs/embedded',
  'cli/run/growth',
  'cli/life/users',
  'cli/life/upAndDown',
  'cli/life/starting',
  'cli/life/killed',
];
/**
 * What would slow down everything that comes after: tasks that fork without end, beside which an engine takes a minute
 * for a container; and last of all what removes a thousand files in the end (on some file systems, ext4 without a
 * journal, new ones take several times as long for minutes after that).
 */
const LAST = ['agent/killing', 'package'];

/** Files that ./check leaves to ./check --all (scripts/check.mjs). */
const LEFT_OUT = process.env['LINARITE_LEFT_OUT']?.split(' ') ?? [];

/** Vitest itself leaves one to others: of two that is half. */
const ALL_PROCESSORS = availableParallelism();

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const is = (name: string): boolean => moduleId.endsWith(`/test/${name}.test.ts`);
      const found = LONGEST.findIndex(is);
      return found === -1 ? LONGEST.length + 1 + LAST.findIndex(is) : found;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

// Under npx hints name `npx linarite`. Tests expect what a user of the command reads.
delete process.env['npm_command'];

// `unit`: pure code, no parts, milliseconds. `real`: PostgreSQL, blobs, processes, clients. `simulation`: seeds.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{wire,core,autoscale}/**/*.test.ts', 'test/**/*.unit.test.ts'],
          // Milliseconds each, but for fuzzing and property tests: seconds, and several times as many on a busy machine.
          testTimeout: 60_000,
          maxWorkers: ALL_PROCESSORS,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{wire,core,autoscale,simulation}/**', 'test/**/*.unit.test.ts', ...LEFT_OUT],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 15_000 } },
          pool: 'forks',
          // Half of their time they wait for processes to start and end.
          maxWorkers: 3,
        },
      },
      { test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], exclude: ['test/**/*.unit.test.ts'], testTimeout: 120_000, maxWorkers: ALL_PROCESSORS } },
    ],
  },
});
