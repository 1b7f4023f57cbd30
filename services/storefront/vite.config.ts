import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { defineConfig, type Plugin } from 'vite';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

/**
 * The page's version for the web server's logs, and its ETag, by content. nginx makes its own of time and size, but in an image all times are the
 * same, and so are the sizes of two pages that differ in the hashes of their assets only: browsers would keep the old one.
 */
function etag(): Plugin {
  return {
    name: 'etag',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const page = bundle['index.html'];
        if (page?.type !== 'asset') {
          this.error('there is no index.html to make an ETag of');
        }
        const hash = createHash('sha256').update(page.source).digest('hex').slice(0, 20);
        const source =
          `map $uri $page_version { default "${version}"; }\n` +
          `map $uri $page_etag { default ""; ~^/(index\\.html)?$ 'W/"${hash}"'; }\n` +
          `map "$uri $http_if_none_match" $page_known { default ""; "~^/(index\\.html)? .*${hash}" 1; }\n`;
        this.emitFile({ type: 'asset', fileName: 'etag.conf', source });
      },
    },
  };
}

export default defineConfig({
  // Relative, so that the page works wherever a gateway serves it.
  base: './',
  plugins: [etag()],
  server: { proxy: { '/api': process.env.STOREFRONT_API ?? 'http://localhost:8080' } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // The Content-Security-Policy knows no data: but for nothing.
    sourcemap: false,
    reportCompressedSize: false,
  },
});
