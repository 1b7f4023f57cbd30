/** Gives Grafana's packages what Grafana's core would have given them. Called once, before anything is rendered. */
import {
  type DataTransformerInfo,
  EventBusSrv,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  type TransformerRegistryItem,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import {
  FakeEchoSrv,
  setAppEvents,
  setDataSourceSrv,
  setEchoSrv,
  setPluginImportUtils,
  setRunRequest,
  setTemplateSrv,
} from '@grafana/runtime';
import { loadResources } from '@grafana/scenes';

import { registerPanels } from '../panels/register';
import { unknownPanel } from '../panels/unknown';
import { DataSources } from '../prometheus/sources';
import { runRequest } from './runRequest';
import { standardFieldOptions } from './fieldConfig';
import { templates } from './templates';

/** Each transformation once: the packages list some under an old and a new name. */
function transformations(): TransformerRegistryItem[] {
  const unique = new Map<string, DataTransformerInfo>();
  for (const info of Object.values(standardTransformers)) {
    unique.set(info.id, info as DataTransformerInfo);
  }
  return [...unique.values()].map((info) => ({
    id: info.id,
    name: info.name,
    description: info.description,
    transformation: () => Promise.resolve(info),
    editor: () => null,
    imageDark: '',
    imageLight: '',
  }));
}

export async function boot(): Promise<void> {
  standardEditorsRegistry.setInit(() => []);
  standardFieldConfigEditorRegistry.setInit(standardFieldOptions);
  standardTransformersRegistry.setInit(transformations);

  setAppEvents(new EventBusSrv());
  setEchoSrv(new FakeEchoSrv());
  setRunRequest(runRequest);
  setDataSourceSrv(new DataSources());
  setTemplateSrv(templates);
  setPluginImportUtils({
    importPanelPlugin: (id) => Promise.resolve(unknownPanel(id)),
    getPanelPluginFromCache: () => undefined,
  });
  registerPanels();

  await initPluginTranslations('grafana-scenes', [loadResources]);
  await initPluginTranslations('grafana', []);
}
