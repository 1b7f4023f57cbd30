import CircuitBreaker from 'opossum';

import { RetryBudget } from './bucket';

/** Why an upstream gave no answer: breaker open, bulkhead full, too late, not reached, its own error, or nonsense. */
export type Reason = 'open' | 'full' | 'timeout' | 'network' | 'status' | 'malformed';

export class UpstreamError extends Error {
  constructor(
    readonly upstream: string,
    readonly reason: Reason,
    detail: string,
    readonly status?: number
  ) {
    super(`${upstream}: ${detail}`);
    this.name = 'UpstreamError';
  }
}

export interface Ask {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query. */
  path: string;
  /** The path's template, for names of spans. */
  route: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** POST is not, unless it carries an Idempotency-Key. */
  idempotent?: boolean;
}

/** An answer below 500: what the upstream wanted to say. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** One attempt on the wire; throws UpstreamError. */
export type Transport = (ask: Ask, attempt: number, signal: AbortSignal) => Promise<Answer>;

export type State = 'closed' | 'open' | 'half_open';

/** What happens, for metrics and logs. */
export interface Watcher {
  state(name: string, state: State): void;
  request(name: string, outcome: 'ok' | Reason): void;
  underway(name: string, by: 1 | -1): void;
  retry(name: string, allowed: boolean): void;
}

export interface Limits {
  /** Milliseconds for one attempt. */
  timeout: number;
  /** Attempts within ten seconds before failures count; half of them open the breaker. */
  failures: number;
  /** Milliseconds until an open breaker lets one attempt through. */
  reset: number;
  /** Attempts at one time. */
  bulkhead: number;
  /** Retries, per cent of requests. */
  retryPercent: number;
}

const ATTEMPTS = 3;
const WINDOW = 10_000;

/** A breaker, a bulkhead, a timeout and a retry budget around one upstream. */
export class Upstream {
  private readonly breaker: CircuitBreaker<[Ask, number, Transport, AbortSignal], Answer>;
  private readonly budget: RetryBudget;

  constructor(
    readonly name: string,
    private readonly limits: Limits,
    private readonly watcher: Watcher
  ) {
    this.budget = new RetryBudget(limits.retryPercent);
    this.breaker = new CircuitBreaker(async (ask, attempt, transport, signal) => {
      watcher.underway(name, 1);
      try {
        return await transport(ask, attempt, signal);
      } finally {
        watcher.underway(name, -1);
      }
    }, {
      name,
      timeout: false, // The attempt's own signal ends it, and with it the connection.
      capacity: limits.bulkhead,
      volumeThreshold: limits.failures,
      errorThresholdPercentage: 50,
      rollingCountTimeout: WINDOW,
      rollingCountBuckets: 10,
      resetTimeout: limits.reset,
      // A full bulkhead is our own doing and says nothing about the upstream.
      errorFilter: (error: NodeJS.ErrnoException) => error.code === 'ESEMLOCKED',
    });
    watcher.state(name, 'closed');
    this.breaker.on('open', () => watcher.state(name, 'open'));
    this.breaker.on('halfOpen', () => watcher.state(name, 'half_open'));
    this.breaker.on('close', () => watcher.state(name, 'closed'));
  }

  get state(): State {
    return this.breaker.opened ? 'open' : this.breaker.halfOpen ? 'half_open' : 'closed';
  }

  /** Seconds after which it may be worth asking again. */
  get retryAfter(): number {
    return Math.max(1, Math.ceil(this.limits.reset / 1000));
  }

  /** Asks until `deadline` aborts. Throws UpstreamError. */
  async ask(ask: Ask, transport: Transport, deadline: AbortSignal): Promise<Answer> {
    const idempotent = ask.idempotent ?? ask.method !== 'POST';
    this.budget.earn();
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await this.attempt(ask, attempt, transport, deadline);
        this.watcher.request(this.name, 'ok');
        return answer;
      } catch (error) {
        const failure = this.failure(error);
        this.watcher.request(this.name, failure.reason);
        if (!idempotent || !transient(failure) || attempt + 1 >= ATTEMPTS || deadline.aborted) {
          throw failure;
        }
        const made = this.budget.spend();
        this.watcher.retry(this.name, made);
        if (!made) {
          throw failure;
        }
        // Jitter, so that callers who failed together do not come back together.
        await new Promise((resolve) => setTimeout(resolve, (20 + Math.random() * 60) * (attempt + 1)));
      }
    }
  }

  close(): void {
    this.breaker.shutdown();
  }

  private attempt(ask: Ask, attempt: number, transport: Transport, deadline: AbortSignal): Promise<Answer> {
    const signal = AbortSignal.any([deadline, AbortSignal.timeout(this.limits.timeout)]);
    return this.breaker.fire(ask, attempt, transport, signal);
  }

  private failure(error: unknown): UpstreamError {
    if (error instanceof UpstreamError) {
      return error;
    }
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EOPENBREAKER' || code === 'ESHUTDOWN') {
      return new UpstreamError(this.name, 'open', 'its circuit breaker is open');
    }
    if (code === 'ESEMLOCKED') {
      return new UpstreamError(this.name, 'full', `${this.limits.bulkhead} requests are in flight already`);
    }
    return new UpstreamError(this.name, 'network', message);
  }
}

function transient({ reason, status }: UpstreamError): boolean {
  return reason === 'network' || reason === 'timeout' || (reason === 'status' && [502, 503, 504].includes(status ?? 0));
}
