import { ThemeContext } from '@grafana/data';
import { config, LocationServiceProvider, locationService } from '@grafana/runtime';
import { ErrorBoundaryAlert, GlobalStyles, PortalContainer } from '@grafana/ui';
import { useSyncExternalStore } from 'react';
import { Navigate, Route, Router, Routes } from 'react-router-dom';

import { ApplicationsPage } from './pages/ApplicationsPage';
import { DashboardPage } from './pages/DashboardPage';
import { DashboardsPage } from './pages/DashboardsPage';
import { Shell } from './pages/Shell';
import { TracePage } from './pages/TracePage';
import { TracesPage } from './pages/TracesPage';

const history = locationService.getHistory();

/** Scenes write their state into Grafana's location service, so the router listens to that one. */
export function App() {
  const location = useSyncExternalStore(history.listen, locationService.getLocation);
  return (
    <ThemeContext.Provider value={config.theme2}>
      <GlobalStyles />
      <LocationServiceProvider service={locationService}>
        <Router location={location} navigator={history}>
          <Shell>
            <ErrorBoundaryAlert dependencies={[location.pathname]}>
              <Routes>
                <Route path="/" element={<DashboardsPage />} />
                <Route path="/d/:uid" element={<DashboardPage />} />
                <Route path="/traces" element={<TracesPage />} />
                <Route path="/traces/:id" element={<TracePage />} />
                <Route path="/applications" element={<ApplicationsPage />} />
                <Route path="*" element={<Navigate to="/" replace />} />
              </Routes>
            </ErrorBoundaryAlert>
          </Shell>
        </Router>
      </LocationServiceProvider>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}
