/** Where the platform's gateway serves what this page reads: by path, on the page's own origin. */
export const endpoints = {
  prometheus: '/prometheus',
  jaeger: '/jaeger',
  argocd: '/argocd',
} as const;
