import { defineConfig } from 'vitest/config'

const infra = './platform/testing/global-setup.ts'
const ignored = ['node_modules/**', '.holdfast/**']
const isFull = process.env.HOLDFAST_TEST_FULL === '1'

/** Suites across services that take too long for a run of six minutes. */
const long = [
  'test/browser/**/*.e2e.test.ts',
  'test/operator/**/*.e2e.test.ts',
  'loadtest/**/*.e2e.test.ts',
]

/** Suites that `npm run test:full` adds. */
const full = {
  test: {
    name: 'full',
    include: ['**/*.full.test.ts', ...long],
    exclude: ignored,
    globalSetup: [infra],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 120_000,
    sequence: { groupOrder: 4 },
  },
}

export default defineConfig({
  test: {
    // The seat server's native module and the signals of fault tests want processes, not threads.
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.unit.test.ts'],
          exclude: ignored,
          testTimeout: 5_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'model',
          include: ['**/*.model.test.ts'],
          exclude: ignored,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'int',
          include: ['**/*.int.test.ts'],
          exclude: ignored,
          globalSetup: [infra],
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: [...ignored, ...long],
          globalSetup: [infra],
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
      ...(isFull ? [full] : []),
    ],
  },
})
