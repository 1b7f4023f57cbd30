/** HTTP to one upstream: a span an attempt, traceparent on the wire, JSON both ways. */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';

import type { Call } from '../../application/ports';
import { type Answer, type Ask, type Upstream, UpstreamError } from '../../resilience/upstream';
import type { Tracing } from '../tracing';

export class Client {
  constructor(
    readonly upstream: Upstream,
    private readonly base: string,
    private readonly tracing: Tracing
  ) {}

  /** An answer below 500. Throws UpstreamError. */
  ask(call: Call, ask: Ask): Promise<Answer> {
    return this.upstream.ask(ask, (wanted, attempt, signal) => this.attempt(call, wanted, attempt, signal), call.deadline);
  }

  /** The failure that an answer means which the contract does not know. */
  unexpected({ status, text }: Answer): UpstreamError {
    return new UpstreamError(this.upstream.name, 'malformed', `answered ${status}: ${text.slice(0, 200)}`, status);
  }

  /** The JSON object of an answer, read by `read`, which throws on a wrong shape. */
  read<T>(answer: Answer, read: (content: never) => T): T {
    try {
      return read(JSON.parse(answer.text) as never);
    } catch (error) {
      throw new UpstreamError(this.upstream.name, 'malformed', `answered what it should not: ${String(error)}`);
    }
  }

  private async attempt(call: Call, ask: Ask, attempt: number, signal: AbortSignal): Promise<Answer> {
    const { name } = this.upstream;
    const url = new URL(`${this.base}${ask.path}`);
    const [span, context] = this.tracing.start(`${ask.method} ${name} ${ask.route}`, SpanKind.CLIENT, call.context, {
      'http.request.method': ask.method,
      'url.full': url.href,
      'url.template': ask.route,
      'server.address': url.hostname,
      'server.port': Number(url.port || 80),
      'peer.service': name,
      ...(attempt && { 'http.request.resend_count': attempt }),
    });
    try {
      const answer = await fetch(url, {
        method: ask.method,
        headers: {
          accept: 'application/json',
          ...(ask.body !== undefined && { 'content-type': 'application/json' }),
          ...ask.headers,
          ...this.tracing.headers(context),
        },
        body: ask.body === undefined ? undefined : JSON.stringify(ask.body),
        redirect: 'error',
        signal,
      });
      const text = await answer.text();
      span.setAttribute('http.response.status_code', answer.status);
      if (answer.status >= 500) {
        throw new UpstreamError(name, 'status', `answered ${answer.status}`, answer.status);
      }
      return { status: answer.status, headers: answer.headers, text };
    } catch (error) {
      const failure = failed(name, error, signal);
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
      span.setAttribute('error.type', failure.status ? String(failure.status) : failure.reason);
      throw failure;
    } finally {
      span.end();
    }
  }
}

function failed(name: string, error: unknown, signal: AbortSignal): UpstreamError {
  if (error instanceof UpstreamError) {
    return error;
  }
  if (signal.aborted) {
    return new UpstreamError(name, 'timeout', 'did not answer in time');
  }
  const { message, cause } = error as Error;
  return new UpstreamError(name, 'network', `cannot be reached (${cause instanceof Error ? cause.message || cause.name : message})`);
}
