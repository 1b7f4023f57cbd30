import { defineConfig } from 'vitest/config';

export default defineConfig({
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
