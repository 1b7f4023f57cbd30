import { UrlSyncContextProvider } from '@grafana/scenes';
import { useEffect, useMemo } from 'react';
import { useParams } from 'react-router-dom';

import { convertDashboard } from '../scene/convert';
import { loadDashboard } from '../scene/library';
import type { DashboardJson } from '../scene/model';
import { Loading } from '../ui/Loading';
import { useLoad } from '../ui/useLoad';

function Dashboard({ json }: { json: DashboardJson }) {
  const scene = useMemo(() => convertDashboard(json), [json]);
  useEffect(() => {
    document.title = json.title ?? 'Dashboard';
    return () => {
      document.title = 'Dashboards';
    };
  }, [json]);
  return (
    <UrlSyncContextProvider scene={scene} updateUrlOnInit createBrowserHistorySteps>
      <scene.Component model={scene} />
    </UrlSyncContextProvider>
  );
}

/** One dashboard; its time range, refresh and variables stand in the address. */
export function DashboardPage() {
  const { uid = '' } = useParams();
  const dashboard = useLoad(uid, (signal) => loadDashboard(uid, signal));
  return (
    <Loading of={dashboard} what="the dashboard">
      {(json) => <Dashboard json={json} />}
    </Loading>
  );
}
