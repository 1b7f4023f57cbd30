import { css } from '@emotion/css';
import { dateTimeFormatTimeAgo, type GrafanaTheme2 } from '@grafana/data';
import { Badge, type BadgeColor, useStyles2 } from '@grafana/ui';

import { applications } from '../applications/api';
import { Loading } from '../ui/Loading';
import { useLoad } from '../ui/useLoad';

const colors: Record<string, BadgeColor> = {
  Synced: 'green',
  Healthy: 'green',
  OutOfSync: 'orange',
  Progressing: 'blue',
  Suspended: 'purple',
  Degraded: 'red',
  Missing: 'red',
};

const Status = ({ text = 'Unknown' }: { text?: string }) => <Badge color={colors[text] ?? 'orange'} text={text} />;

/** What Argo CD delivers, whether it is in step with git, and whether it is well. */
export function ApplicationsPage() {
  const styles = useStyles2(getStyles);
  const found = useLoad('applications', applications);
  return (
    <Loading of={found} what="the applications">
      {(items) => (
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Application</th>
              <th>Project</th>
              <th>Namespace</th>
              <th>Sync</th>
              <th>Health</th>
              <th>Revision</th>
              <th>Compared</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ metadata, spec, status }) => (
              <tr key={`${metadata.namespace}/${metadata.name}`}>
                <td>{metadata.name}</td>
                <td>{spec.project}</td>
                <td>{spec.destination.namespace}</td>
                <td>
                  <Status text={status?.sync?.status} />
                </td>
                <td>
                  <Status text={status?.health?.status} />
                </td>
                <td>{status?.sync?.revision?.slice(0, 8)}</td>
                <td>{status?.reconciledAt && dateTimeFormatTimeAgo(status.reconciledAt)}</td>
              </tr>
            ))}
          </tbody>
          {items.length === 0 && <caption>No applications</caption>}
        </table>
      )}
    </Loading>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  table: css({
    width: '100%',
    background: theme.colors.background.primary,
    'th, td': { padding: theme.spacing(0.75, 1.5), borderBottom: `1px solid ${theme.colors.border.weak}` },
    caption: { captionSide: 'bottom', padding: theme.spacing(2) },
  }),
});
