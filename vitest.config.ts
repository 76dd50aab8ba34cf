import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take a minute or so, longest first: what starts last is waited for by nothing else. Vitest itself knows how long a file took only where it ran before,
 * and begins with the largest ones elsewhere.
 */
const LONGEST = [
  'clients/killSweep',
  'cli/run/run',
  'package',
  'cli/life/users',
  'cli/life/upAndDown',
  'cli/life/starting',
  'cli/life/killed',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

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
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{wire,core,autoscale,simulation}/**', 'test/**/*.unit.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          // Half of their time they wait for processes to start and end.
          maxWorkers: 3,
        },
      },
      { test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], testTimeout: 120_000 } },
    ],
  },
});
