import { readFileSync } from 'node:fs';

import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

export default defineConfig({
  define: { SHOPAPI_VERSION: JSON.stringify(version) },
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    maxWorkers: 1,
    testTimeout: 15_000,
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/main.ts'],
      reporter: ['text'],
      thresholds: { 'src/{domain,application,resilience}/**': { lines: 90, branches: 80, functions: 90, statements: 90 } },
    },
  },
});
