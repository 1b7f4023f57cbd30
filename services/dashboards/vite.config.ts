import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { type Plugin, defineConfig } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, 'node_modules');

/** Fonts and icons under the names by which Grafana's packages ask for them. */
const assets: Record<string, string> = {
  '@grafana/ui/dist/public/img/icons': 'build/img/icons',
  // What the package refers to but does not carry.
  icons: 'build/img/icons',
  '@fontsource/inter/files/inter-latin-400-normal.woff2': 'fonts/inter/Inter-Regular.woff2',
  '@fontsource/inter/files/inter-latin-500-normal.woff2': 'fonts/inter/Inter-Medium.woff2',
  '@fontsource/inter/files/inter-latin-400-italic.woff2': 'fonts/inter/Inter-Italic.woff2',
  '@fontsource/inter/files/inter-latin-500-italic.woff2': 'fonts/inter/Inter-MediumItalic.woff2',
  '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2':
    'fonts/roboto/L0xTDF4xlVMF-BfR8bXMIhJHg45mwgGEFl0_3vrtSM1J-gEPT5Ese6hmHSh0mQ.woff2',
};

function grafanaAssets(): Plugin {
  return {
    name: 'grafana-assets',
    apply: 'build',
    closeBundle() {
      for (const [from, to] of Object.entries(assets)) {
        const target = join(root, 'dist/public', to);
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(from.startsWith('@') ? modules : root, from), target, { recursive: true });
      }
    },
  };
}

export default defineConfig({
  base: '/dashboards/',
  plugins: [react(), grafanaAssets()],
  define: { 'process.env.NODE_ENV': JSON.stringify('production') },
  resolve: {
    alias: {
      // Editors, which a page that only shows has no use for: 2.8 MB.
      'monaco-editor': join(root, 'src/boot/nothing.ts'),
      'react-monaco-editor': join(root, 'src/boot/nothing.ts'),
      '@monaco-editor/react': join(root, 'src/boot/nothing.ts'),
    },
  },
  build: {
    target: 'es2022',
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
  },
});
