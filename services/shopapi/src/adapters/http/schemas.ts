/** JSON schemas of what comes in, which is refused if it does not fit, and of what goes out, for openapi.json. */

const sku = { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64, examples: ['enamel-mug'] } as const;
const orderId = { type: 'string', format: 'uuid' } as const;

const object = (properties: Record<string, unknown>, required = Object.keys(properties)): object => ({
  type: 'object',
  properties,
  ...(required.length && { required }),
  additionalProperties: false,
});

const nullable = (schema: object): object => ({ anyOf: [schema, { type: 'null' }] });

export const input = {
  products: object(
    {
      q: { type: 'string', maxLength: 200, description: 'Words that must all be met' },
      tag: { type: 'string', maxLength: 40 },
      limit: { type: 'integer', minimum: 1, maximum: 100 },
      offset: { type: 'integer', minimum: 0, maximum: 1_000_000 },
    },
    []
  ),
  stock: object({ sku: { type: 'array', items: sku, minItems: 1, maxItems: 50 } }),
  nothing: object({}),
  sku: object({ sku }),
  orderId: object({ id: orderId }),
  quantity: object({ quantity: { type: 'integer', minimum: 1, maximum: 99 } }),
  checkout: object({
    email: { type: 'string', format: 'email', maxLength: 254 },
    // A token of the payment provider. A card number does not fit, and must not come here.
    payment_token: { type: 'string', pattern: '^tok_[a-z0-9_]{1,40}$', examples: ['tok_visa', 'tok_declined'] },
    idempotency_key: { type: 'string', pattern: '^[\\w-]{8,64}$', description: 'The same key gives the same order' },
  }),
};

const money = object({ amount: { type: 'integer', description: 'Minor units (cents)' }, currency: { type: 'string', examples: ['EUR'] } });
const degraded = { type: 'boolean', description: 'Something is shown as last known, or is not known now' };
const product = object(
  { sku, name: { type: 'string' }, description: { type: 'string' }, price: money, tags: { type: 'array', items: { type: 'string' } }, degraded },
  ['sku', 'name', 'description', 'price', 'tags']
);
const line = object({ sku, quantity: { type: 'integer' }, unit_price: money });
const step = object({ status: { type: 'string' }, at: { type: 'string', format: 'date-time' }, reason: { type: 'string' } }, ['status', 'at']);
const orderFields = {
  order_id: orderId,
  status: { type: 'string', examples: ['pending', 'reserved', 'confirmed', 'cancelled'] },
  placed_at: { type: 'string', format: 'date-time' },
  total: money,
  lines: { type: 'array', items: line },
  history: { type: 'array', items: step },
  reason: { type: 'string' },
};
const order = object(orderFields, ['order_id', 'status']);

export const output = {
  products: object(
    { products: { type: 'array', items: product }, total: { type: 'integer' }, offset: { type: 'integer' }, degraded },
    ['products', 'total', 'offset']
  ),
  product,
  stock: object({
    stock: { type: 'object', additionalProperties: nullable({ type: 'integer' }), description: 'Available by SKU; null is unknown' },
    degraded,
  }),
  basket: object({
    items: {
      type: 'array',
      items: object({
        sku,
        quantity: { type: 'integer' },
        unit_price: nullable(money),
        total: nullable(money),
        available: nullable({ type: 'integer' }),
      }),
    },
    total: nullable(money),
    degraded,
  }),
  order: object({ ...orderFields, degraded }, ['order_id', 'status', 'degraded']),
  placed: order,
  orders: object({ orders: { type: 'array', items: order }, degraded }),
  status: object({ status: { type: 'string' } }),
};

const problem = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: { type: 'array', items: object({ where: { type: 'string' }, problem: { type: 'string' } }) },
  },
  required: ['type', 'title', 'status', 'detail'],
};

const WHY: Record<number, string> = {
  400: 'The request does not fit its schema',
  403: 'Asked from another origin',
  404: 'There is none',
  409: 'The basket does not allow it',
  429: 'Too many requests; Retry-After says when to come back',
  503: 'A service that is needed cannot answer now; Retry-After says when to come back',
};

/** Responses of a route: its own, and the problems it may answer with. */
export function responses(status: number, description: string, schema: object | undefined, ...problems: number[]): object {
  const told = [...problems, 429, 503].map((code) => [
    code,
    { description: WHY[code], content: { 'application/problem+json': { schema: problem } } },
  ]);
  return { [status]: { description, ...(schema ?? { type: 'null' }) }, ...Object.fromEntries(told) };
}
