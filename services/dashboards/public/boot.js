// What Grafana's server would have put into the page, before any of its packages are evaluated.
// A file of its own, not an inline script: the page's Content-Security-Policy allows none.
(function () {
  const base = new URL('.', document.currentScript.src).pathname;
  const theme = localStorage.getItem('gantry.theme') === 'light' ? 'light' : 'dark';
  // The policy forbids making code out of text; without this a library tries, once, and the browser complains.
  window.__zod_globalConfig = { jitless: true };
  window.__grafana_public_path__ = `${base}public/`;
  window.grafanaBootData = {
    assets: { dark: '', light: '' },
    navTree: [],
    user: { id: 0, uid: '', theme, timezone: 'browser', weekStart: 'monday', locale: 'en-US', language: 'en-US' },
    settings: {
      appSubUrl: base.replace(/\/$/, ''),
      appUrl: location.origin + base,
      minRefreshInterval: '5s',
      featureToggles: {},
      panels: {},
      apps: {},
      datasources: {},
      defaultDatasource: 'Prometheus',
    },
  };
})();
