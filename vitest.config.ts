import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Parts of examples that tests run: one copy of each class, that of the sources.
  resolve: {
    alias: [
      { find: /^forkpoint$/, replacement: new URL('src/index.ts', import.meta.url).pathname },
      {
        find: /^forkpoint\/(store|testing)$/,
        replacement: new URL('src/$1/index.ts', import.meta.url).pathname,
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run test:clients` runs these.
    exclude: ['**/node_modules/**', 'test/clients/**'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Many tests wait for the disk or for other processes, so every core has a file to work on.
    maxWorkers: '100%',
    // LangGraph's validation of checkpointers calls `describe` and `it` as globals.
    globals: true,
  },
})
