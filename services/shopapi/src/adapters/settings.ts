/** What the environment says: variables SHOPAPI_*, each but the key with a default that serves a developer. */
import { LEVELS, type Level } from './logs';

export const UPSTREAMS = ['catalog', 'basket', 'stock', 'orders', 'orderview'] as const;
export type UpstreamName = (typeof UPSTREAMS)[number];

export interface Settings {
  host: string;
  port: number;
  /** Path at which a gateway serves the API, without trailing slash; the cookie is bound to it. */
  rootPath: string;
  environment: string;
  logLevel: Level;
  /** Base URL of OTLP over HTTP; without it no spans are made. */
  tracesEndpoint: string;
  /** Seconds that requests in flight may take after SIGTERM. */
  shutdownSeconds: number;
  /** The first signs, all are accepted: so a key is changed without signing anyone out. */
  sessionKeys: string[];
  sessionDays: number;
  urls: Record<UpstreamName, string>;
  /** Seconds for one attempt, and for all that one request asks of others. */
  timeoutSeconds: number;
  deadlineSeconds: number;
  breakerFailures: number;
  breakerResetSeconds: number;
  bulkhead: number;
  retryPercent: number;
  /** Requests a second, and at once, of one session and of one address. */
  sessionRate: number;
  sessionBurst: number;
  addressRate: number;
  addressBurst: number;
  /** Proxies in front that append to X-Forwarded-For. */
  trustedHops: number;
  /** Seconds that shared caches may keep products, and serve them stale while they ask anew or when nobody answers. */
  freshSeconds: number;
  staleSeconds: number;
  spareSeconds: number;
}

export class SettingError extends Error {
  constructor(name: string, problem: string, remedy: string) {
    super(`${name} ${problem}: ${remedy}`);
    this.name = 'SettingError';
  }
}

/** Settings from the environment. Throws SettingError, which names the variable, its value and the remedy. */
export function settings(environ: NodeJS.ProcessEnv): Settings {
  const text = (name: string, fallback: string): string => environ[`SHOPAPI_${name}`] ?? fallback;

  const number = (name: string, fallback: number, low: number, high: number, whole = true): number => {
    const given = text(name, String(fallback));
    const value = Number(given);
    if (!(whole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(given) || value < low || value > high) {
      const kind = whole ? 'whole number' : 'number';
      throw new SettingError(`SHOPAPI_${name}`, `is '${given}'`, `give a ${kind} from ${low} to ${high}`);
    }
    return value;
  };

  const url = (name: string, given: string, example: string): string => {
    if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
      throw new SettingError(name, `is '${given}'`, `give a base URL such as ${example}`);
    }
    return given.replace(/\/+$/, '');
  };

  const level = text('LOG_LEVEL', 'info');
  if (!(LEVELS as readonly string[]).includes(level)) {
    throw new SettingError('SHOPAPI_LOG_LEVEL', `is '${level}'`, `give one of ${LEVELS.join(', ')}`);
  }
  const traces = environ.OTEL_EXPORTER_OTLP_ENDPOINT ?? '';
  const rootPath = text('ROOT_PATH', '').replace(/\/+$/, '');
  if (rootPath && !/^(\/[\w.~-]+)+$/.test(rootPath)) {
    throw new SettingError('SHOPAPI_ROOT_PATH', `is '${rootPath}'`, 'give an absolute path such as /shop, or leave it out');
  }
  return {
    host: text('HOST', '0.0.0.0'),
    port: number('PORT', 8080, 0, 65535),
    rootPath,
    environment: text('ENVIRONMENT', 'development'),
    logLevel: level as Level,
    tracesEndpoint: traces && url('OTEL_EXPORTER_OTLP_ENDPOINT', traces, 'http://collector:4318, or leave it out'),
    shutdownSeconds: number('SHUTDOWN_SECONDS', 10, 0, 300),
    sessionKeys: keys(environ.SHOPAPI_SESSION_KEY ?? ''),
    sessionDays: number('SESSION_DAYS', 30, 1, 400),
    urls: Object.fromEntries(
      UPSTREAMS.map((name) => {
        const standard = `http://${name}:8080`;
        return [name, url(`SHOPAPI_${name.toUpperCase()}_URL`, text(`${name.toUpperCase()}_URL`, standard), standard)];
      })
    ) as Record<UpstreamName, string>,
    timeoutSeconds: number('TIMEOUT_SECONDS', 2, 0.01, 60, false),
    deadlineSeconds: number('DEADLINE_SECONDS', 5, 0.01, 120, false),
    breakerFailures: number('BREAKER_FAILURES', 5, 1, 1000),
    breakerResetSeconds: number('BREAKER_RESET_SECONDS', 5, 0.01, 600, false),
    bulkhead: number('BULKHEAD', 64, 1, 10_000),
    retryPercent: number('RETRY_PERCENT', 20, 0, 100),
    sessionRate: number('SESSION_RATE', 20, 0.1, 100_000, false),
    sessionBurst: number('SESSION_BURST', 60, 1, 100_000),
    addressRate: number('ADDRESS_RATE', 100, 0.1, 100_000, false),
    addressBurst: number('ADDRESS_BURST', 300, 1, 100_000),
    trustedHops: number('TRUSTED_HOPS', 0, 0, 10),
    freshSeconds: number('FRESH_SECONDS', 10, 0, 86_400),
    staleSeconds: number('STALE_SECONDS', 60, 0, 86_400),
    spareSeconds: number('SPARE_SECONDS', 3600, 0, 604_800),
  };
}

/** The value itself is never told: it is a secret even when it is a bad one. */
function keys(given: string): string[] {
  const found = given.split(',').map((key) => key.trim());
  if (found.some((key) => key.length < 32)) {
    const problem = given ? `holds a key of ${Math.min(...found.map((key) => key.length))} characters` : 'is not set';
    const remedy = 'give at least 32 random characters (openssl rand -base64 32); old keys may follow after commas';
    throw new SettingError('SHOPAPI_SESSION_KEY', problem, remedy);
  }
  return found;
}
