/** The service's own series, in a registry of their own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { Reason, State, Watcher } from '../resilience/upstream';

const STATES: readonly State[] = ['closed', 'open', 'half_open'];
/** Seconds; those of the shop's services in Python, so that both can be drawn in one panel. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class Metrics implements Watcher {
  readonly registry = new Registry();
  private readonly registers = [this.registry];

  readonly requests = this.counter('http_requests_total', 'Requests answered', ['method', 'route', 'status']);
  readonly seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Seconds to the last byte',
    labelNames: ['method', 'route'],
    buckets: BUCKETS,
    registers: this.registers,
  });
  readonly limited = this.counter('rate_limited_total', 'Requests refused with 429', ['by']);
  readonly degraded = this.counter('degraded_answers_total', 'Answers given without an upstream', ['upstream']);
  private readonly breakers = new Gauge({
    name: 'breaker_state',
    help: 'State of a circuit breaker: 1 at the one it is in',
    labelNames: ['name', 'state'],
    registers: this.registers,
  });
  private readonly transitions = this.counter('breaker_transitions_total', 'Changes of state', ['name', 'to']);
  private readonly calls = this.counter('breaker_calls_total', 'Calls: ok, failed, rejected', ['name', 'outcome']);
  private readonly failures = this.counter('upstream_failures_total', 'Attempts without an answer by reason', ['name', 'reason']);
  private readonly full = this.counter('bulkhead_rejected_total', 'Calls refused', ['name']);
  private readonly running = new Gauge({
    name: 'bulkhead_running',
    help: 'Calls under way',
    labelNames: ['name'],
    registers: this.registers,
  });
  private readonly retries = this.counter('retries_total', 'Retries: allowed, denied', ['name', 'outcome']);
  private readonly known = new Map<string, State>();

  state(name: string, state: State): void {
    for (const each of STATES) {
      this.breakers.set({ name, state: each }, each === state ? 1 : 0);
    }
    if (this.known.has(name)) {
      this.transitions.inc({ name, to: state });
    }
    this.known.set(name, state);
  }

  request(name: string, outcome: 'ok' | Reason): void {
    const rejected = outcome === 'open' || outcome === 'full';
    this.calls.inc({ name, outcome: outcome === 'ok' ? 'ok' : rejected ? 'rejected' : 'failed' });
    if (outcome !== 'ok') {
      this.failures.inc({ name, reason: outcome });
    }
    if (outcome === 'full') {
      this.full.inc({ name });
    }
  }

  underway(name: string, by: 1 | -1): void {
    this.running.inc({ name }, by);
  }

  retry(name: string, allowed: boolean): void {
    this.retries.inc({ name, outcome: allowed ? 'allowed' : 'denied' });
  }

  private counter(name: string, help: string, labelNames: string[]): Counter<string> {
    return new Counter({ name, help, labelNames, registers: this.registers });
  }
}
