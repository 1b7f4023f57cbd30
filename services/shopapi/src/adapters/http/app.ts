/** The API over HTTP: routes for shop pages, probes and series for the platform. */
import cookie from '@fastify/cookie';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';

import openapi from '../../../openapi.json';
import type { Call } from '../../application/ports';
import type { Products } from '../../application/products';
import type { Shop } from '../../application/shop';
import type { Clock } from '../../resilience/bucket';
import type { Logger } from '../logs';
import type { Metrics } from '../metrics';
import type { Settings } from '../settings';
import type { Context, Span, Tracing } from '../tracing';
import { RateLimit, sameOrigin } from './guards';
import { answerProblem, Problem } from './problems';
import { productRoutes } from './products';
import { shopRoutes } from './shop';

declare module 'fastify' {
  interface FastifyRequest {
    trace: Context;
    span: Span;
    logs: Logger;
  }
}

export interface Parts {
  settings: Settings;
  products: Products;
  shop: Shop;
  metrics: Metrics;
  tracing: Tracing;
  logs: Logger;
  retryAfter: (upstream: string) => number;
  clock?: Clock;
  /** Whether the process still takes requests. */
  accepting: () => boolean;
  /** Looks at the routes before any stands: how openapi.json is made. */
  describe?: (app: FastifyInstance) => Promise<void>;
}

/** The caller of the use cases that a request stands for. */
export type Caller = (request: FastifyRequest) => Call;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

export async function createApp(parts: Parts): Promise<FastifyInstance> {
  const { settings, metrics } = parts;
  const app = fastify({
    logger: false,
    trustProxy: (_address: string, hop: number) => hop < settings.trustedHops,
    bodyLimit: 16 * 1024,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100 },
  });
  validate(app);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(answerProblem(parts.retryAfter));
  app.setNotFoundHandler((request) => {
    throw new Problem(404, 'Not found', `there is nothing at ${request.method} ${request.url.split('?')[0]}`);
  });
  await app.register(cookie, { secret: settings.sessionKeys });
  telemetry(app, parts);
  if (parts.describe) {
    await parts.describe(app);
  }

  const limit = new RateLimit(settings, metrics, parts.clock);
  const caller: Caller = ({ trace, logs }) => ({
    context: trace,
    log: logs,
    deadline: AbortSignal.timeout(settings.deadlineSeconds * 1000),
  });
  await app.register(
    async (api) => {
      api.addHook('onRequest', async (request, reply) => {
        // Until a route says otherwise: nobody but the session's browser sees it, and nobody keeps it.
        reply.header('cache-control', 'private, no-store');
        limit.check(request);
        sameOrigin(request);
      });
      productRoutes(api, parts.products, settings, caller);
      shopRoutes(api, parts.shop, settings, caller);
    },
    { prefix: '/api' }
  );
  probes(app, parts);
  return app;
}

function validate(app: FastifyInstance): void {
  const lenient = new Ajv({ coerceTypes: 'array', allErrors: false, removeAdditional: false });
  const strict = new Ajv({ allErrors: false, removeAdditional: false });
  for (const ajv of [lenient, strict]) {
    (formats as unknown as typeof formats.default)(ajv, ['uuid', 'email', 'date-time']);
  }
  // Queries and paths are text by nature; a body says its types itself.
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? strict : lenient).compile(schema as object));
}

function telemetry(app: FastifyInstance, { metrics, tracing, logs }: Parts): void {
  app.decorateRequest('trace');
  app.decorateRequest('span');
  app.decorateRequest('logs');

  app.addHook('onRequest', async (request) => {
    const route = request.routeOptions.url ?? 'unmatched';
    const caller = tracing.caller(request.headers);
    if (QUIET.has(route)) {
      request.trace = caller;
      request.logs = logs;
      return;
    }
    const [span, context] = tracing.start(`${request.method} ${route}`, SpanKind.SERVER, caller, {
      'http.request.method': request.method,
      'http.route': route,
      'url.path': request.url.split('?')[0] ?? '',
    });
    request.span = span;
    request.trace = context;
    request.logs = logs.child(tracing.ids(context));
  });

  app.addHook('onResponse', async (request, reply) => {
    // The route's template, never the path: a label's values must stay few.
    const route = request.routeOptions.url ?? 'unmatched';
    const method = METHODS.has(request.method) ? request.method : 'other';
    const status = reply.statusCode;
    metrics.requests.inc({ method, route, status });
    metrics.seconds.observe({ method, route }, reply.elapsedTime / 1000);
    if (!QUIET.has(route)) {
      request.span.setAttribute('http.response.status_code', status);
      if (status >= 500) {
        request.span.setStatus({ code: SpanStatusCode.ERROR });
      }
      request.span.end();
      request.logs.info('request', { method, route, status, milliseconds: Math.round(reply.elapsedTime * 10) / 10 });
    }
  });
}

function probes(app: FastifyInstance, { metrics, accepting }: Parts): void {
  const hidden = { schema: { hide: true } } as object;
  app.get('/healthz', hidden, async () => ({ status: 'alive' }));
  // Whoever is asked for is not part of it: without them the answers are degraded, not absent.
  app.get('/readyz', hidden, async (_request, reply) => {
    return accepting() ? { status: 'ready' } : reply.code(503).send({ status: 'not ready' });
  });
  app.get('/metrics', hidden, async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  app.get('/openapi.json', hidden, async () => openapi);
}
