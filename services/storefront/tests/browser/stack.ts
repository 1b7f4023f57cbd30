/** The page as it is delivered: nginx with the image's configuration and the real shopapi, under /shop/ of one address. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Upstreams } from '../../../shopapi/tests/upstreams';

const HERE = fileURLToPath(new URL('../..', import.meta.url));

export interface Stack {
  url: string;
  /** nginx itself, without the path. */
  page: string;
  upstreams: Upstreams;
  /** Waits until every breaker that a test has opened is closed again. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const free = (): Promise<number> =>
  new Promise((resolve) => {
    const socket = createSocket().listen(0, '127.0.0.1', () => {
      const { port } = socket.address() as AddressInfo;
      socket.close(() => resolve(port));
    });
  });

/** The package's program and types: the host's own, or unpacked into `scratch`, which installs nothing. */
function nginx(scratch: string): { program: string; types: string } {
  if (existsSync('/usr/sbin/nginx')) {
    return { program: '/usr/sbin/nginx', types: '/etc/nginx/mime.types' };
  }
  execFileSync('apt-get', ['download', '-qq', 'nginx', 'nginx-common'], { cwd: scratch, stdio: ['ignore', 'ignore', 'pipe'] });
  execFileSync('sh', ['-c', 'for each in nginx*.deb; do dpkg-deb -x $each .; done'], { cwd: scratch });
  return { program: join(scratch, 'usr/sbin/nginx'), types: join(scratch, 'etc/nginx/mime.types') };
}

async function answers(url: string, process: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (process.exitCode !== null) {
      throw new Error(`${process.spawnfile} ended with ${process.exitCode}`);
    }
    if ((await fetch(url).catch(() => undefined))?.ok) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answered at ${url}`);
}

const ended = (process: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    process.once('exit', () => resolve());
    process.kill('SIGTERM');
  });

function forward(incoming: IncomingMessage, outgoing: ServerResponse, upstream: string, path: string): void {
  const { method, headers } = incoming;
  const onward = request(new URL(path, upstream), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.writeHead(502).end());
  incoming.pipe(onward);
}

export async function start(environ: Record<string, string> = {}): Promise<Stack> {
  const scratch = mkdtempSync(join(tmpdir(), 'storefront-'));
  const upstreams = await Upstreams.start();

  const apiPort = await free();
  const api = spawn(process.execPath, ['--enable-source-maps', join(HERE, '../shopapi/dist/shopapi.mjs')], {
    env: {
      SHOPAPI_HOST: '127.0.0.1',
      SHOPAPI_PORT: String(apiPort),
      SHOPAPI_SESSION_KEY: 'a-session-key-for-tests-of-32-characters',
      SHOPAPI_ROOT_PATH: '/shop',
      SHOPAPI_TIMEOUT_SECONDS: '3',
      SHOPAPI_BREAKER_RESET_SECONDS: '0.5',
      ...upstreams.environment(),
      ...environ,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });

  const pagePort = await free();
  const { program, types } = nginx(scratch);
  const configuration = readFileSync(join(HERE, 'image/nginx.conf'), 'utf8')
    .replaceAll('/usr/share/storefront', join(HERE, 'dist'))
    .replaceAll(' /tmp/', ` ${scratch}/`)
    .replace('/etc/nginx/mime.types', types)
    .replace('/dev/stdout', join(scratch, 'access.log'))
    .replace('listen 8080', `listen 127.0.0.1:${pagePort}`)
    .replace('worker_processes 1;', 'worker_processes 1;\nmaster_process off;\ndaemon off;');
  writeFileSync(join(scratch, 'nginx.conf'), configuration);
  const web = spawn(program, ['-p', scratch, '-e', 'stderr', '-c', join(scratch, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });

  const [page, shopapi] = [`http://127.0.0.1:${pagePort}`, `http://127.0.0.1:${apiPort}`];
  try {
    await Promise.all([answers(`${page}/healthz`, web), answers(`${shopapi}/readyz`, api)]);
  } catch (error) {
    [api, web].forEach((process) => process.kill('SIGTERM'));
    await upstreams.stop();
    throw error;
  }

  // As the gateway: one address, the prefix taken off.
  const gateway: Server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '/').replace(/^\/shop(?=\/)/, '');
    if (path === incoming.url) {
      outgoing.writeHead(404).end();
      return;
    }
    forward(incoming, outgoing, path.startsWith('/api/') ? shopapi : page, path);
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/shop/`,
    page,
    upstreams,
    async settled() {
      const whole = async (path: string): Promise<boolean> => {
        const response = await fetch(`${shopapi}/api/${path}`);
        return response.ok && ((await response.json()) as { degraded?: boolean }).degraded !== true;
      };
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const found = await Promise.all(['products', 'stock?sku=oak-board', 'basket', 'orders'].map(whole));
        if (found.every(Boolean)) {
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error('the shop did not recover');
    },
    async stop() {
      gateway.closeAllConnections();
      gateway.close();
      await Promise.all([ended(api), ended(web)]);
      await upstreams.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
