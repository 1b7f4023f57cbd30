/** Run the API: `node shopapi.mjs`. Settings come from SHOPAPI_* variables. */
import { logger } from './adapters/logs';
import { SettingError, type Settings, settings } from './adapters/settings';
import { exporting, Tracing } from './adapters/tracing';
import { createService } from './service';

function read(): Settings | undefined {
  try {
    return settings(process.env);
  } catch (error) {
    if (!(error instanceof SettingError)) {
      throw error;
    }
    process.stderr.write(`shopapi: ${error.message}\n`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const chosen = read();
  if (!chosen) {
    return 2;
  }
  const logs = logger(chosen.logLevel, chosen.environment);
  process.on('uncaughtException', (error) => {
    logs.error('not caught', { error });
    process.exitCode = 1;
    setTimeout(() => process.exit(1), 100).unref();
  });
  const tracing = new Tracing(chosen.environment, chosen.tracesEndpoint ? [exporting(chosen.tracesEndpoint)] : []);
  const { app, stop } = await createService(chosen, logs, tracing);
  const signal = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => resolve(name));
    }
  });
  const at = await app.listen({ host: chosen.host, port: chosen.port });
  logs.info('listening', { at });
  const name = await signal;
  await stop();
  logs.info(`stopped by ${name}`);
  return 0;
}

process.exitCode = await main();
