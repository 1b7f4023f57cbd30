import { PanelPlugin } from '@grafana/data';
import { Badge } from '@grafana/ui';

/** Stands where a visualisation would be that this page cannot draw, and says so. */
export function unknownPanel(id: string): PanelPlugin {
  const plugin = new PanelPlugin(() => (
    <div data-unknown-panel={id}>
      <Badge color="orange" icon="exclamation-triangle" text={`Panel type “${id}” is not shown on this page`} />
    </div>
  ));
  const info = { author: { name: '' }, description: '', links: [], screenshots: [], updated: '', version: '' };
  plugin.meta = { ...plugin.meta, id, name: id, info: { ...info, logos: { large: '', small: '' } } };
  return plugin;
}
