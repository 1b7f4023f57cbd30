/** Spans of requests that come in and go out, sent by OTLP over HTTP; callers are known by W3C's traceparent. */
import {
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';

import { version } from '../version';

export type { Context, Span };

/** Sends spans to a collector's base URL, such as http://collector:4318. */
export const exporting = (endpoint: string): SpanProcessor =>
  new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }));

/** Without processors no spans are made, and a caller's traceparent goes on as it came. */
export class Tracing {
  private readonly propagator = new W3CTraceContextPropagator();
  private readonly provider?: BasicTracerProvider;
  private readonly tracer: Tracer;

  constructor(environment: string, processors: SpanProcessor[] = []) {
    if (processors.length) {
      this.provider = new BasicTracerProvider({
        resource: resourceFromAttributes({
          'service.name': 'shopapi',
          'service.version': version,
          'deployment.environment.name': environment,
        }),
        spanProcessors: processors,
      });
    }
    this.tracer = this.provider?.getTracer('shopapi', version) ?? trace.getTracer('shopapi');
  }

  /** The context of a caller, out of the headers. */
  caller(headers: Record<string, string | string[] | undefined>): Context {
    return this.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  }

  /** A span in `parent`, and the context in which its own calls happen. */
  start(name: string, kind: SpanKind, parent: Context, attributes: Record<string, string | number>): [Span, Context] {
    const span = this.tracer.startSpan(name, { kind, attributes }, parent);
    return [span, trace.setSpan(parent, span)];
  }

  /** The headers by which the next service continues the trace. */
  headers(context: Context): Record<string, string> {
    const carrier: Record<string, string> = {};
    this.propagator.inject(context, carrier, defaultTextMapSetter);
    return carrier;
  }

  /** The ids for log lines; empty outside of a trace. */
  ids(context: Context): { trace_id: string; span_id: string } {
    const found = trace.getSpanContext(context);
    return found && isSpanContextValid(found) ? { trace_id: found.traceId, span_id: found.spanId } : { trace_id: '', span_id: '' };
  }

  async shutdown(): Promise<void> {
    await this.provider?.shutdown();
  }
}

export { SpanKind, SpanStatusCode };
