/**
 * The field options that every visualisation understands: unit, thresholds, colour, mappings and the rest.
 *
 * Grafana's core registers them; its packages only hold the empty registry. Without an entry here an option in a
 * dashboard's JSON is silently ignored, both as a default and in an override.
 */
import {
  booleanOverrideProcessor,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  type FieldConfigPropertyItem,
  identityOverrideProcessor,
  numberOverrideProcessor,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  ThresholdsMode,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';

const noEditor = () => null;

type Process = FieldConfigPropertyItem['process'];

function option(id: string, process: Process, rest: Partial<FieldConfigPropertyItem> = {}): FieldConfigPropertyItem {
  return {
    id,
    path: id,
    name: id,
    editor: noEditor,
    override: noEditor,
    process,
    shouldApply: () => true,
    category: ['Standard options'],
    ...rest,
  };
}

const defaultThresholds = {
  mode: ThresholdsMode.Absolute,
  steps: [
    { value: -Infinity, color: 'green' },
    { value: 80, color: 'red' },
  ],
};

/** The standard options, in the order in which overrides are applied. */
export const standardFieldOptions = (): FieldConfigPropertyItem[] => [
  option('unit', unitOverrideProcessor),
  option('min', numberOverrideProcessor),
  option('max', numberOverrideProcessor),
  option('fieldMinMax', booleanOverrideProcessor),
  option('decimals', numberOverrideProcessor),
  option('displayName', displayNameOverrideProcessor, { settings: { expandTemplateVars: true } }),
  option('color', identityOverrideProcessor),
  option('noValue', stringOverrideProcessor),
  option('links', dataLinksOverrideProcessor),
  option('mappings', valueMappingsOverrideProcessor, { defaultValue: [] }),
  option('thresholds', thresholdsOverrideProcessor, { defaultValue: defaultThresholds }),
  option('filterable', booleanOverrideProcessor),
];
