import type { TemplateSrv } from '@grafana/runtime';
import { sceneGraph, type SceneObject, type VariableCustomFormatterFn } from '@grafana/scenes';

type SceneReference = { value?: { valueOf(): SceneObject } };

/** Variables live in the scene: without one (outside a dashboard) a text stays as it is. */
export const templates: TemplateSrv = {
  getVariables: () => [],
  containsTemplate: (target) => /\$\w|\$\{|\[\[/.test(target ?? ''),
  updateTimeRange: () => undefined,
  replace(target = '', scopedVars, format) {
    const scene = (scopedVars?.__sceneObject as SceneReference | undefined)?.value?.valueOf();
    return scene ? sceneGraph.interpolate(scene, target, scopedVars, format as string | VariableCustomFormatterFn) : target;
  },
};
