/** What `public/boot.js` sets in the page. */
Object.assign(window, {
  __grafana_public_path__: '/dashboards/public/',
  grafanaBootData: {
    assets: { dark: '', light: '' },
    navTree: [],
    user: { id: 0, theme: 'dark', timezone: 'utc', weekStart: 'monday', locale: 'en-US', language: 'en-US' },
    settings: { appSubUrl: '/dashboards', featureToggles: {}, panels: {}, apps: {}, datasources: {} },
  },
});

/** What a browser has and jsdom lacks. */
class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
Object.assign(globalThis, { IntersectionObserver: Observer, ResizeObserver: Observer });
window.matchMedia ??= (media) =>
  ({ matches: false, media, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList;
