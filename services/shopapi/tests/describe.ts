/** openapi.json as the routes say it. */
import swagger from '@fastify/swagger';
import { Writable } from 'node:stream';

import { logger } from '../src/adapters/logs';
import { settings } from '../src/adapters/settings';
import { Tracing } from '../src/adapters/tracing';
import { createService } from '../src/service';
import { version } from '../src/version';

export async function describeApi(): Promise<object> {
  const chosen = settings({ SHOPAPI_SESSION_KEY: 'k'.repeat(32) });
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { app, stop } = await createService(chosen, logger('error', 'test', nowhere), new Tracing('test'), async (api) => {
    await api.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'shopapi', description: "The shop's API and session edge", version } },
    });
  });
  await app.ready();
  const found = app.swagger();
  await stop();
  return found;
}
