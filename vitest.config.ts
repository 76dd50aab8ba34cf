import { defineConfig } from 'vitest/config';

// `unit`: pure code, no parts, milliseconds. `real`: PostgreSQL, blobs, processes, clients. `simulation`: seeds.
export default defineConfig({
  test: {
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
