/** Who is asking, and whether they may: signed session cookies, same origin for what changes things, rate limits. */
import { randomUUID } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';

import { type Clock, TokenBucket } from '../../resilience/bucket';
import type { Metrics } from '../metrics';
import type { Settings } from '../settings';
import { Problem } from './problems';

export const COOKIE = 'shop_session';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Buckets kept; one that was forgotten starts full again. */
const BUCKETS = 20_000;

/** The session that the cookie proves, if it does. */
export function provenSession(request: FastifyRequest): string | undefined {
  const cookie = request.cookies[COOKIE];
  if (!cookie) {
    return undefined;
  }
  const { valid, value } = request.unsignCookie(cookie);
  return valid && UUID.test(value) ? value : undefined;
}

/** The request's session, a new one if it has none; each use prolongs it. */
export function session(request: FastifyRequest, reply: FastifyReply, { rootPath, sessionDays }: Settings): string {
  const id = provenSession(request) ?? randomUUID();
  reply.setCookie(COOKIE, id, {
    signed: true,
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    path: rootPath || '/',
    maxAge: sessionDays * 86_400,
  });
  return id;
}

/**
 * Refuses what another site's page makes a browser send, by the rules of Go's net/http CrossOriginProtection:
 * Sec-Fetch-Site decides where it is sent, else Origin against Host; requests with neither come from no browser.
 */
export function sameOrigin(request: FastifyRequest): void {
  if (SAFE.has(request.method)) {
    return;
  }
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const same = site ? site === 'same-origin' || site === 'none' : !origin || hostOf(origin) === request.host;
  if (!same) {
    throw new Problem(403, 'Forbidden', 'this must be asked from the same origin');
  }
}

const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : '');

/** A token bucket a session and one an address. */
export class RateLimit {
  private readonly sessions: LRUCache<string, TokenBucket>;
  private readonly addresses: LRUCache<string, TokenBucket>;

  constructor(
    private readonly settings: Settings,
    private readonly metrics: Metrics,
    private readonly clock?: Clock
  ) {
    this.sessions = new LRUCache({ max: BUCKETS });
    this.addresses = new LRUCache({ max: BUCKETS });
  }

  check(request: FastifyRequest): void {
    const { sessionRate, sessionBurst, addressRate, addressBurst } = this.settings;
    this.take('address', this.addresses, request.ip, addressRate, addressBurst);
    const id = provenSession(request);
    if (id) {
      this.take('session', this.sessions, id, sessionRate, sessionBurst);
    }
  }

  private take(by: string, buckets: LRUCache<string, TokenBucket>, key: string, rate: number, burst: number): void {
    let bucket = buckets.get(key);
    if (!bucket) {
      bucket = new TokenBucket(rate, burst, this.clock);
      buckets.set(key, bucket);
    }
    const wait = bucket.take();
    if (wait > 0) {
      this.metrics.limited.inc({ by });
      throw new Problem(429, 'Too many requests', `more than ${rate} requests a second from one ${by}`, {
        'retry-after': String(Math.ceil(wait)),
      });
    }
  }
}
