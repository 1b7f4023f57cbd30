/** The whole service, wired: from settings to a server that listens. */
import type { FastifyInstance } from 'fastify';

import { createApp } from './adapters/http/app';
import type { Logger } from './adapters/logs';
import { Metrics } from './adapters/metrics';
import { type Settings, type UpstreamName, UPSTREAMS } from './adapters/settings';
import type { Tracing } from './adapters/tracing';
import { Client } from './adapters/upstreams/client';
import { BasketClient, CatalogClient, OrdersClient, OrderViewClient, StockClient } from './adapters/upstreams/services';
import { Products } from './application/products';
import { Shop } from './application/shop';
import { type State, Upstream, type Watcher } from './resilience/upstream';

export interface Service {
  app: FastifyInstance;
  /** Not ready any more; requests in flight are finished, for at most the settings' seconds. */
  stop(): Promise<void>;
}

export async function createService(
  settings: Settings,
  logs: Logger,
  tracing: Tracing,
  describe?: (app: FastifyInstance) => Promise<void>
): Promise<Service> {
  const metrics = new Metrics();
  const watcher: Watcher = {
    state(name: string, state: State) {
      metrics.state(name, state);
      logs[state === 'open' ? 'warning' : 'debug']('circuit breaker', { name, state });
    },
    request: (name, outcome) => metrics.request(name, outcome),
    underway: (name, by) => metrics.underway(name, by),
    retry: (name, allowed) => metrics.retry(name, allowed),
  };
  const limits = {
    timeout: settings.timeoutSeconds * 1000,
    failures: settings.breakerFailures,
    reset: settings.breakerResetSeconds * 1000,
    bulkhead: settings.bulkhead,
    retryPercent: settings.retryPercent,
  };
  const upstreams = Object.fromEntries(UPSTREAMS.map((name) => [name, new Upstream(name, limits, watcher)])) as Record<UpstreamName, Upstream>;
  const client = (name: UpstreamName): Client => new Client(upstreams[name], settings.urls[name], tracing);
  const degraded = (upstream: string): void => metrics.degraded.inc({ upstream });
  const products = new Products(new CatalogClient(client('catalog')), new StockClient(client('stock')), degraded);
  const shop = new Shop(
    products,
    new BasketClient(client('basket')),
    new OrdersClient(client('orders')),
    new OrderViewClient(client('orderview')),
    degraded
  );

  let accepting = true;
  const app = await createApp({
    settings,
    products,
    shop,
    metrics,
    tracing,
    logs,
    describe,
    accepting: () => accepting,
    retryAfter: (name) => upstreams[name as UpstreamName]?.retryAfter ?? 1,
  });
  return {
    app,
    async stop() {
      accepting = false;
      const late = setTimeout(() => app.server.closeAllConnections(), settings.shutdownSeconds * 1000);
      await app.close();
      clearTimeout(late);
      Object.values(upstreams).forEach((upstream) => upstream.close());
      await tracing.shutdown();
    },
  };
}
