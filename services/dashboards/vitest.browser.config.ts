import { defineConfig } from 'vitest/config';

/** The built page in Chromium; see tests/browser/README.md. */
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts'],
    environment: 'node',
    maxWorkers: 1,
    testTimeout: 240_000,
    hookTimeout: 120_000,
    bail: 0,
  },
});
