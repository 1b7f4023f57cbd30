/** Winston's logs as JSON lines of one schema: time, level, service, version, environment, trace_id, span_id, message, fields. */
import { createLogger, format, type Logger, transports } from 'winston';

import { version } from '../version';
import { mask, maskText } from './masking';

export type { Logger };

export const LEVELS = ['error', 'warning', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

const MESSAGE = Symbol.for('message');

/**
 * A logger to `stream`, one JSON object a line. Children carry `trace_id` and `span_id`, which stand in lines of a trace only;
 * other fields stand under `fields`.
 */
export function logger(level: Level, environment: string, stream: NodeJS.WritableStream = process.stdout): Logger {
  const schema = format((info) => {
    const { level: rank, message, trace_id = '', span_id = '', ...fields } = info;
    const line = {
      time: new Date().toISOString(),
      level: rank,
      service: 'shopapi',
      version,
      environment,
      ...(trace_id !== '' && { trace_id, span_id }),
      message: maskText(String(message)),
      fields: mask(fields),
    };
    info[MESSAGE] = JSON.stringify(line);
    return info;
  });
  return createLogger({
    levels: Object.fromEntries(LEVELS.map((name, rank) => [name, rank])),
    level,
    format: schema(),
    transports: [new transports.Stream({ stream })],
  });
}
