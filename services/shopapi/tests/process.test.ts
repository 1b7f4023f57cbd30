/** The built program as it runs in its image: it starts, logs one schema without secrets, sends spans, ends in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { version } from '../src/version';
import { Browser, KEY, until } from './shop';
import { Upstreams } from './upstreams';

const PROGRAM = fileURLToPath(new URL('../dist/shopapi.mjs', import.meta.url));

let upstreams: Upstreams;
let collector: Server;
const exported: string[] = [];

beforeAll(async () => {
  upstreams = await Upstreams.start();
  collector = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    exported.push(`${request.url} ${Buffer.concat(chunks).toString()}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await upstreams.stop();
  collector.closeAllConnections();
  collector.close();
});

interface Program {
  process: ChildProcess;
  url: string;
  output: () => string;
  errors: () => string;
  ended: Promise<number | null>;
}

async function run(environ: Record<string, string>): Promise<Program> {
  const port = await new Promise<number>((resolve) => {
    const socket = createSocket().listen(0, '127.0.0.1', () => {
      const free = (socket.address() as AddressInfo).port;
      socket.close(() => resolve(free));
    });
  });
  const child = spawn(process.execPath, ['--enable-source-maps', PROGRAM], {
    env: { SHOPAPI_HOST: '127.0.0.1', SHOPAPI_PORT: String(port), ...environ },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { output: '', errors: '' };
  child.stdout.on('data', (chunk) => (text.output += String(chunk)));
  child.stderr.on('data', (chunk) => (text.errors += String(chunk)));
  return {
    process: child,
    url: `http://127.0.0.1:${port}`,
    output: () => text.output,
    errors: () => text.errors,
    ended: new Promise((resolve) => child.on('exit', resolve)),
  };
}

it('serves, logs without secrets, traces and stops in order', async () => {
  const at = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const program = await run({
    SHOPAPI_SESSION_KEY: KEY,
    SHOPAPI_ENVIRONMENT: 'test',
    SHOPAPI_LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: at,
    ...upstreams.environment(),
  });
  await until(() => program.output().includes('listening'), 10_000);
  const browser = new Browser(program.url);
  expect(await (await fetch(`${program.url}/readyz`)).json()).toEqual({ status: 'ready' });
  expect(((await (await fetch(`${program.url}/openapi.json`)).json()) as { info: { version: string } }).info.version).toBe(version);

  // Card numbers and secrets at every place where a client can put them, and in what an upstream answers.
  const card = '4111 1111 1111 1111';
  const bare = card.replaceAll(' ', '');
  await browser.ask('PUT', '/api/basket/items/enamel-mug', { quantity: 1 }, { authorization: 'Bearer secret-of-a-client' });
  await browser.ask('POST', '/api/orders', { email: `${bare}@example.com`, payment_token: bare, idempotency_key: bare });
  await browser.ask('GET', `/api/products?q=${encodeURIComponent(card)}`);
  await browser.ask('GET', `/api/orders/${bare}`);
  upstreams.instead.orders = () => ({ status: 418, body: { detail: `card ${card}, password=hunter2, Bearer abcdef, tok_declined` } });
  await browser.ask('POST', '/api/orders', { email: 'a@b.eu', payment_token: 'tok_declined', idempotency_key: '12345678' });
  delete upstreams.instead.orders;
  upstreams.faults.basket = 'error';
  await browser.ask('GET', '/api/basket');
  upstreams.faults.basket = 'none';

  // One request is in flight while the process is told to stop.
  const reached = upstreams.seen.basket.length;
  upstreams.instead.basket = () => new Promise((resolve) => setTimeout(() => resolve(undefined), 500));
  const inFlight = browser.ask('GET', '/api/basket').then(({ status }) => status);
  await until(() => upstreams.seen.basket.length > reached);
  program.process.kill('SIGTERM');
  expect(await inFlight).toBe(200);
  expect(await program.ended).toBe(0);

  const lines = program.output().trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) {
    const always = ['time', 'level', 'service', 'version', 'environment'];
    const ids = 'trace_id' in line ? ['trace_id', 'span_id'] : [];
    expect(Object.keys(line)).toEqual([...always, ...ids, 'message', 'fields']);
    expect(line).toMatchObject({ service: 'shopapi', version, environment: 'test' });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(['error', 'warning', 'info', 'debug']).toContain(line.level);
  }
  const requests = lines.filter(({ message }) => message === 'request');
  expect(requests.length).toBeGreaterThan(5);
  expect(requests.every(({ trace_id }) => /^[0-9a-f]{32}$/.test(String(trace_id)))).toBe(true);
  expect(lines.at(-1)).toMatchObject({ message: 'stopped by SIGTERM' });
  expect(lines.some(({ message }) => message === 'request failed')).toBe(true);
  expect(program.output()).toContain('****1111');
  for (const secret of [card, bare, 'hunter2', 'secret-of-a-client', 'abcdef', 'tok_declined', KEY, browser.cookie.split('.')[1]!]) {
    expect(program.output()).not.toContain(secret);
  }
  expect(program.errors()).toBe('');
  expect(exported.some((each) => each.startsWith('/v1/traces') && each.includes('POST /api/orders') && each.includes('shopapi'))).toBe(true);
}, 30_000);

it('refuses wrong settings by name and remedy', async () => {
  const program = await run({ SHOPAPI_SESSION_KEY: 'short-secret' });
  expect(await program.ended).toBe(2);
  expect(program.errors()).toMatch(/^shopapi: SHOPAPI_SESSION_KEY holds a key of 12 characters: give at least 32/);
  expect(program.errors() + program.output()).not.toContain('short-secret');
});
