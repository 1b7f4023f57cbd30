/** Errors as problem+json (RFC 9457). */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import { Refused } from '../../application/ports';
import { UpstreamError } from '../../resilience/upstream';

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    message: string,
    readonly headers: Record<string, string> = {}
  ) {
    super(message);
    this.name = 'Problem';
  }
}

const REFUSED = { unknown: [404, 'Not found'], conflict: [409, 'Conflict'], invalid: [400, 'Invalid request'] } as const;

/** Answers with a problem; what is our own fault is logged in full and told in no detail. */
export const answerProblem =
  (retryAfter: (upstream: string) => number) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = toProblem(error, retryAfter);
    if (problem.status >= 500) {
      request.logs?.[problem.status === 503 ? 'warning' : 'error']('request failed', { error });
    }
    const body: Record<string, unknown> = { type: 'about:blank', title: problem.title, status: problem.status, detail: problem.message };
    if (error.validation) {
      // Paths and rules only: values may be secret.
      body.errors = error.validation.map(({ instancePath, message, params }) => ({
        where: `${error.validationContext ?? ''}${instancePath}`,
        problem: [message, params && 'additionalProperty' in params ? `: ${String(params.additionalProperty)}` : ''].join(''),
      }));
    }
    return reply.code(problem.status).headers(problem.headers).type('application/problem+json').send(JSON.stringify(body));
  };

function toProblem(error: FastifyError | Error, retryAfter: (upstream: string) => number): Problem {
  if (error instanceof Problem) {
    return error;
  }
  if (error instanceof Refused) {
    const [status, title] = REFUSED[error.kind];
    return new Problem(status, title, error.message);
  }
  if (error instanceof UpstreamError) {
    if (error.reason === 'malformed') {
      return new Problem(502, 'Bad gateway', `${error.upstream} gave an answer that cannot be used`);
    }
    const again = { 'retry-after': String(retryAfter(error.upstream)) };
    return new Problem(503, 'Unavailable', `${error.upstream} cannot answer now; try again soon`, again);
  }
  const { statusCode = 500, message, validation } = error as FastifyError;
  if (validation) {
    return new Problem(400, 'Invalid request', message);
  }
  return statusCode < 500
    ? new Problem(statusCode, 'Invalid request', message)
    : new Problem(500, 'Internal error', 'the request could not be served; the log says why');
}
