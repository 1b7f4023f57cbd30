import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { ToolbarButton, useStyles2, useTheme2 } from '@grafana/ui';
import type { ReactNode } from 'react';
import { NavLink } from 'react-router-dom';

const links = [
  { to: '/', text: 'Dashboards' },
  { to: '/traces', text: 'Traces' },
  { to: '/applications', text: 'Applications' },
];

function switchTheme(dark: boolean): void {
  localStorage.setItem('gantry.theme', dark ? 'light' : 'dark');
  location.reload();
}

/** The bar that every page has on top. */
export function Shell({ children }: { children: ReactNode }) {
  const styles = useStyles2(getStyles);
  const { isDark } = useTheme2();
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <nav className={styles.links} aria-label="Pages">
          {links.map(({ to, text }) => (
            <NavLink key={to} to={to} end={to === '/'} className={styles.link}>
              {text}
            </NavLink>
          ))}
        </nav>
        <ToolbarButton
          icon="palette"
          tooltip={isDark ? 'Light theme' : 'Dark theme'}
          onClick={() => switchTheme(isDark)}
        />
      </header>
      <main className={styles.main}>{children}</main>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({ display: 'flex', flexDirection: 'column', minHeight: '100vh', background: theme.colors.background.canvas }),
  bar: css({
    display: 'flex',
    justifyContent: 'space-between',
    alignItems: 'center',
    padding: theme.spacing(0.5, 2),
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
  }),
  links: css({ display: 'flex', gap: theme.spacing(2) }),
  link: css({
    padding: theme.spacing(0.5, 0),
    color: theme.colors.text.secondary,
    borderBottom: '2px solid transparent',
    '&.active': { color: theme.colors.text.maxContrast, borderColor: theme.colors.warning.main },
  }),
  main: css({ flex: 1, display: 'flex', flexDirection: 'column', padding: theme.spacing(2) }),
});
