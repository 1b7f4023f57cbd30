import { PanelPlugin, type PanelProps, renderTextPanelMarkdown, textUtil } from '@grafana/data';

interface TextOptions {
  mode?: 'markdown' | 'html' | 'code';
  content?: string;
}

function TextPanel({ options, replaceVariables, height }: PanelProps<TextOptions>) {
  const content = replaceVariables(options.content ?? '', {}, 'html');
  if (options.mode === 'code') {
    return <pre style={{ height, margin: 0 }}>{content}</pre>;
  }
  const html = options.mode === 'html' ? textUtil.sanitizeTextPanelContent(content) : renderTextPanelMarkdown(content);
  return (
    <div className="markdown-html" style={{ height, overflow: 'auto' }} dangerouslySetInnerHTML={{ __html: html }} />
  );
}

/** Needs no query: redrawn when variables or the time change. */
export function textPanel(): PanelPlugin {
  const plugin = new PanelPlugin(TextPanel);
  plugin.meta = { ...plugin.meta, skipDataQuery: true };
  return plugin;
}
