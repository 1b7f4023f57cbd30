import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { Badge, Combobox, Field, useStyles2 } from '@grafana/ui';
import { Link, useSearchParams } from 'react-router-dom';

import { searchTraces, services } from '../traces/api';
import { readable, waterfall } from '../traces/waterfall';
import { Loading } from '../ui/Loading';
import { useLoad } from '../ui/useLoad';

const LIMIT = 50;
const lookbacks = ['15m', '1h', '6h', '1d'].map((value) => ({ value, label: `Last ${value}` }));
const durations = ['10ms', '100ms', '500ms', '1s'].map((value) => ({ value, label: `Longer than ${value}` }));

function Results({ service, lookback, minDuration }: { service: string; lookback: string; minDuration: string }) {
  const styles = useStyles2(getStyles);
  const search = { service, lookback, minDuration, limit: LIMIT };
  const traces = useLoad(JSON.stringify(search), (signal) => searchTraces(search, signal));
  return (
    <Loading of={traces} what="the traces">
      {(found) => (
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Start</th>
              <th>Request</th>
              <th>Services</th>
              <th>Spans</th>
              <th>Duration</th>
            </tr>
          </thead>
          <tbody>
            {found
              .map((trace) => ({ id: trace.traceID, ...waterfall(trace) }))
              .sort((a, b) => b.start - a.start)
              .map(({ id, start, duration, services, rows }) => (
                <tr key={id}>
                  <td>{dateTimeFormat(start / 1000, { format: 'YYYY-MM-DD HH:mm:ss' })}</td>
                  <td>
                    <Link to={`/traces/${id}`}>{rows[0]?.span.operationName ?? id}</Link>{' '}
                    {rows.some(({ failed }) => failed) && <Badge color="red" text="error" />}
                  </td>
                  <td>{services.join(', ')}</td>
                  <td>{rows.length}</td>
                  <td>{readable(duration)}</td>
                </tr>
              ))}
          </tbody>
          {found.length === 0 && <caption>No traces of {service} in this time</caption>}
        </table>
      )}
    </Loading>
  );
}

/** Search for traces; what is searched stands in the address. */
export function TracesPage() {
  const styles = useStyles2(getStyles);
  const [parameters, setParameters] = useSearchParams();
  const known = useLoad('services', services);
  const set = (key: string) => (option: { value: string } | null) =>
    setParameters((current) => {
      current.set(key, option?.value ?? '');
      return current;
    });
  return (
    <Loading of={known} what="the traced services">
      {(names) => {
        const service = parameters.get('service') || names[0] || '';
        const lookback = parameters.get('lookback') || '1h';
        const minDuration = parameters.get('min') || '';
        return (
          <>
            <div className={styles.controls}>
              <Field label="Service" noMargin>
                <Combobox
                  options={names.map((value) => ({ value }))}
                  value={service}
                  onChange={set('service')}
                  width={40}
                />
              </Field>
              <Field label="Time" noMargin>
                <Combobox options={lookbacks} value={lookback} onChange={set('lookback')} width={20} />
              </Field>
              <Field label="Duration" noMargin>
                <Combobox
                  options={durations}
                  value={minDuration || null}
                  onChange={set('min')}
                  isClearable
                  placeholder="Any"
                  width={24}
                />
              </Field>
            </div>
            {service ? <Results {...{ service, lookback, minDuration }} /> : <p>No service has sent a trace yet.</p>}
          </>
        );
      }}
    </Loading>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  controls: css({ display: 'flex', gap: theme.spacing(2), marginBottom: theme.spacing(2) }),
  table: css({
    width: '100%',
    background: theme.colors.background.primary,
    'th, td': { padding: theme.spacing(0.75, 1.5), borderBottom: `1px solid ${theme.colors.border.weak}` },
    'td a': { color: theme.colors.text.link },
    caption: { captionSide: 'bottom', padding: theme.spacing(2) },
  }),
});
