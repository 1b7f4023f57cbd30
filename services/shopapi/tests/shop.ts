/** The API as a browser meets it, in front of test upstreams. */
import { Writable } from 'node:stream';

import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

import { logger } from '../src/adapters/logs';
import { settings } from '../src/adapters/settings';
import { Tracing } from '../src/adapters/tracing';
import { createService, type Service } from '../src/service';
import { Upstreams } from './upstreams';

export const KEY = 'a-session-key-for-tests-of-32-characters';

export interface Running {
  service: Service;
  upstreams: Upstreams;
  url: string;
  spans: InMemorySpanExporter;
  lines: Record<string, unknown>[];
  stop(): Promise<void>;
}

export async function start(environ: Record<string, string> = {}): Promise<Running> {
  const upstreams = await Upstreams.start();
  const chosen = settings({ SHOPAPI_SESSION_KEY: KEY, ...upstreams.environment(), ...environ });
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const spans = new InMemorySpanExporter();
  const service = await createService(chosen, logger('debug', 'test', stream), new Tracing('test', [new SimpleSpanProcessor(spans)]));
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  return {
    service,
    upstreams,
    url,
    spans,
    lines,
    async stop() {
      await service.stop();
      await upstreams.stop();
    },
  };
}

/** One browser: it keeps its cookie and asks from the same origin. */
export class Browser {
  cookie = '';

  constructor(private readonly url: string) {}

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.cookie && { cookie: this.cookie }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const [set] = response.headers.getSetCookie();
    this.cookie = set?.split(';')[0] ?? this.cookie;
    return response;
  }

  async json<T = Record<string, never>>(method: string, path: string, body?: unknown): Promise<T> {
    return (await (await this.ask(method, path, body)).json()) as T;
  }

  /** The session's id, as the upstreams know it. */
  get session(): string {
    return decodeURIComponent(this.cookie.split('=')[1] ?? '').split('.')[0] ?? '';
  }
}

export async function series(url: string, name: string, labels: Record<string, string>): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && Object.entries(labels).every(([k, v]) => each.includes(`${k}="${v}"`)));
  return Number(line?.split(' ').at(-1) ?? 0);
}

export async function until(condition: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`not within ${milliseconds} ms: ${condition.toString()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
