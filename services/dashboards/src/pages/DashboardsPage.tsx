import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Badge, useStyles2 } from '@grafana/ui';
import { Link } from 'react-router-dom';

import { loadIndex } from '../scene/library';
import { Loading } from '../ui/Loading';
import { useLoad } from '../ui/useLoad';

/** The list of dashboards. */
export function DashboardsPage() {
  const styles = useStyles2(getStyles);
  const index = useLoad('index', loadIndex);
  return (
    <Loading of={index} what="the list of dashboards">
      {(entries) => (
        <ul className={styles.list}>
          {entries.map(({ uid, title, description, tags }) => (
            <li key={uid}>
              <Link to={`/d/${uid}`} className={styles.card}>
                <span className={styles.title}>{title}</span>
                <span className={styles.description}>{description}</span>
                <span className={styles.tags}>
                  {tags.map((tag) => (
                    <Badge key={tag} color="blue" text={tag} />
                  ))}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Loading>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({
    listStyle: 'none',
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(320px, 1fr))',
    gap: theme.spacing(2),
  }),
  card: css({
    display: 'flex',
    flexDirection: 'column',
    gap: theme.spacing(1),
    height: '100%',
    padding: theme.spacing(2),
    background: theme.colors.background.primary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default,
    '&:hover': { background: theme.colors.emphasize(theme.colors.background.primary, 0.03) },
  }),
  title: css({ ...theme.typography.h4, margin: 0 }),
  description: css({ color: theme.colors.text.secondary, flex: 1 }),
  tags: css({ display: 'flex', gap: theme.spacing(1) }),
});
