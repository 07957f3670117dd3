import { defineConfig } from 'vitest/config'

/** `npm run test:clients`: the real tools, two at a time. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    globalSetup: ['test/support/build.ts'],
    include: ['test/clients/**/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
    maxConcurrency: 2,
  },
})
