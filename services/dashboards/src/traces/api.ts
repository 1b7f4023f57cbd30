/** Jaeger's query API (`/api/…`), as far as this page reads it. Times are microseconds. */
import { endpoints } from '../endpoints';
import { fetchJson, HttpError } from '../ui/json';

export interface Tag {
  key: string;
  value: string | number | boolean;
}

export interface SpanJson {
  traceID: string;
  spanID: string;
  operationName: string;
  references: Array<{ refType: 'CHILD_OF' | 'FOLLOWS_FROM'; spanID: string }>;
  startTime: number;
  duration: number;
  tags: Tag[];
  logs: Array<{ timestamp: number; fields: Tag[] }>;
  processID: string;
}

export interface TraceJson {
  traceID: string;
  spans: SpanJson[];
  processes: Record<string, { serviceName: string; tags?: Tag[] }>;
}

interface Answer<T> {
  data: T | null;
  errors: Array<{ code: number; msg: string }> | null;
}

export interface Search {
  service: string;
  operation?: string;
  /** Such as `100ms`. */
  minDuration?: string;
  /** Such as `1h`: how far back from now. */
  lookback: string;
  limit: number;
}

async function get<T>(path: string, parameters: Record<string, string>, signal?: AbortSignal): Promise<T> {
  const query = new URLSearchParams(parameters);
  const answer = await fetchJson<Answer<T>>(`${endpoints.jaeger}/api/${path}?${query}`, signal);
  const [error] = answer.errors ?? [];
  if (error) {
    throw new Error(`Jaeger refused the request: ${error.msg}`);
  }
  return answer.data ?? ([] as T);
}

const seconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The period that ends now, as Jaeger wants it: it knows no durations, and silently takes two days instead. */
export function period(lookback: string, now = Date.now()): { start: string; end: string } {
  const [, count = '1', unit = 'h'] = /^(\d+)([smhd])$/.exec(lookback) ?? [];
  const length = Number(count) * (seconds[unit] ?? 3600) * 1000;
  return { start: String((now - length) * 1000), end: String(now * 1000) };
}

export const services = (signal?: AbortSignal): Promise<string[]> => get('services', {}, signal);

export function searchTraces(search: Search, signal?: AbortSignal): Promise<TraceJson[]> {
  const { service, operation, minDuration, lookback, limit } = search;
  return get(
    'traces',
    {
      service,
      ...period(lookback),
      limit: String(limit),
      ...(operation && { operation }),
      ...(minDuration && { minDuration }),
    },
    signal
  );
}

export async function loadTrace(id: string, signal?: AbortSignal): Promise<TraceJson> {
  const unknown = new Error(`Jaeger knows no trace ${id}: it is wrong, too old, or not there yet`);
  try {
    const [trace] = await get<TraceJson[]>(`traces/${encodeURIComponent(id)}`, {}, signal);
    if (trace) {
      return trace;
    }
  } catch (error) {
    throw error instanceof HttpError && error.status === 404 ? unknown : error;
  }
  throw unknown;
}
