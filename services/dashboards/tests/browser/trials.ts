/** Dashboards that only the tests have: what a page must survive. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DashboardJson } from '../../src/scene/model';

const stat = (id: number, title: string, expr: string) => ({
  id,
  type: 'stat',
  title,
  gridPos: { x: (id % 3) * 8, y: Math.floor(id / 3) * 6, w: 8, h: 6 },
  targets: [{ expr }],
});

const trial: DashboardJson = {
  uid: 'trial',
  title: 'Trial',
  panels: [
    { ...stat(1, 'Unknown', 'up'), type: 'flamegraph' },
    stat(2, 'Fine', 'sum(up)'),
    stat(3, 'Refused', 'sum(up'),
    stat(4, 'Empty', 'nothing_is_called_so'),
    // Nothing for ten minutes of each twenty.
    { ...stat(5, 'With a gap', 'avg(up) and on () (vector(time() % 1200) > 600)'), type: 'timeseries' },
  ],
};

/** Copies the dashboards to `target` and adds the trial; returns `target`. */
export function writeTrials(library: string, target: string): string {
  mkdirSync(target, { recursive: true });
  cpSync(library, target, { recursive: true });
  writeFileSync(join(target, `${trial.uid}.json`), JSON.stringify(trial));
  return target;
}
