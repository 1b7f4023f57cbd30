import { fileURLToPath } from 'node:url';

import { defineConfig, mergeConfig } from 'vitest/config';

import page from './vite.config';

export default mergeConfig(
  page,
  defineConfig({
    // Says only to bundlers where its module is.
    resolve: { alias: { uwrap: fileURLToPath(new URL('node_modules/uwrap/dist/uWrap.mjs', import.meta.url)) } },
    test: {
      include: ['tests/unit/**/*.test.{ts,tsx}'],
      environment: 'jsdom',
      setupFiles: ['tests/unit/setup.ts'],
      // Grafana's packages are bundled for browsers: Vite has to resolve what they import.
      server: { deps: { inline: [/@grafana/] } },
      // One worker that loads Grafana's packages once.
      maxWorkers: 1,
      isolate: false,
      testTimeout: 5000,
    },
  })
);
