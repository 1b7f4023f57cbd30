import { css } from '@emotion/css';
import { classicColors, dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2, useTheme2 } from '@grafana/ui';
import { useState } from 'react';
import { useParams } from 'react-router-dom';

import { loadTrace, type Tag } from '../traces/api';
import { readable, room, type Row, waterfall, type Waterfall } from '../traces/waterfall';
import { Loading } from '../ui/Loading';
import { useLoad } from '../ui/useLoad';

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

function Tags({ title, tags }: { title: string; tags: Tag[] }) {
  const styles = useStyles2(getStyles);
  return (
    <dl className={styles.tags} aria-label={title}>
      {tags.map(({ key, value }) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function SpanRow({ row, color, start }: { row: Row; color: string; start: number }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const [open, setOpen] = useState(false);
  const { span, service, depth, left, width } = row;
  const places = {
    after: { left: percent(left + width) },
    before: { right: percent(1 - left) },
    on: { right: percent(1 - left - width), color: theme.colors.getContrastText(color) },
  };
  return (
    <>
      <button type="button" className={styles.row} onClick={() => setOpen(!open)} aria-expanded={open} data-span>
        <span className={styles.name} style={{ paddingLeft: depth * 16 }}>
          <Icon name={open ? 'angle-down' : 'angle-right'} />
          <b style={{ color }}>{service}</b> {span.operationName}
          {row.failed && <Icon name="exclamation-circle" className={styles.failed} title="failed" />}
        </span>
        <span className={styles.lane}>
          <span className={styles.bar} style={{ left: percent(left), width: percent(width), background: color }} />
          <span className={styles.time} style={places[room(row)]} data-duration>
            {readable(span.duration)}
          </span>
        </span>
      </button>
      {open && (
        <div className={styles.details}>
          <Tags title="Tags" tags={span.tags} />
          {span.logs.map(({ timestamp, fields }) => (
            <Tags
              key={timestamp}
              title="Event"
              tags={[{ key: 'event at', value: readable(timestamp - start) }, ...fields]}
            />
          ))}
        </div>
      )}
    </>
  );
}

function View({ id, trace: { start, duration, services, rows } }: { id: string; trace: Waterfall }) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const color = (service: string) =>
    theme.visualization.getColorByName(classicColors[services.indexOf(service) % classicColors.length] ?? 'blue');
  return (
    <section className={styles.trace} aria-label="Trace">
      <h2 className={styles.title}>{rows[0]?.span.operationName}</h2>
      <p className={styles.facts}>
        {id} · {dateTimeFormat(start / 1000, { format: 'YYYY-MM-DD HH:mm:ss.SSS' })} · {readable(duration)} ·{' '}
        {rows.length} spans · {services.length} services
      </p>
      {rows.map((row) => (
        <SpanRow key={row.span.spanID} row={row} color={color(row.service)} start={start} />
      ))}
    </section>
  );
}

/** One trace as a waterfall; a click on a span shows its tags and events. */
export function TracePage() {
  const { id = '' } = useParams();
  const trace = useLoad(id, (signal) => loadTrace(id, signal));
  return (
    <Loading of={trace} what="the trace">
      {(json) => <View id={id} trace={waterfall(json)} />}
    </Loading>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  trace: css({ background: theme.colors.background.primary, padding: theme.spacing(2) }),
  title: css({ ...theme.typography.h4 }),
  facts: css({ color: theme.colors.text.secondary }),
  row: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(240px, 1fr) 2fr',
    width: '100%',
    padding: 0,
    border: 'none',
    background: 'none',
    textAlign: 'left',
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    '&:hover': { background: theme.colors.action.hover },
  }),
  name: css({ overflow: 'hidden', whiteSpace: 'nowrap', textOverflow: 'ellipsis', lineHeight: '28px' }),
  failed: css({ color: theme.colors.error.text, marginLeft: theme.spacing(1) }),
  lane: css({ position: 'relative', overflow: 'hidden', borderLeft: `1px solid ${theme.colors.border.weak}` }),
  bar: css({ position: 'absolute', top: 8, height: 12, minWidth: 2, borderRadius: 2 }),
  time: css({ position: 'absolute', top: 5, padding: '0 6px', fontSize: 12, color: theme.colors.text.secondary }),
  details: css({ padding: theme.spacing(1, 2), background: theme.colors.background.secondary }),
  tags: css({
    margin: 0,
    fontFamily: theme.typography.fontFamilyMonospace,
    fontSize: 12,
    div: { display: 'grid', gridTemplateColumns: '240px 1fr' },
    dt: { fontWeight: 400, color: theme.colors.text.secondary },
    dd: { margin: 0, overflowWrap: 'anywhere' },
  }),
});
