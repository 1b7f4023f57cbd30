import { defineConfig } from 'vitest/config';

/** The built page in Chromium; see README.md. */
export default defineConfig({
  test: { include: ['tests/browser/**/*.test.ts'], environment: 'node', maxWorkers: 1, testTimeout: 60_000, hookTimeout: 60_000 },
});
