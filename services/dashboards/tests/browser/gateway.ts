/**
 * A small stand-in for the platform's gateway: the built page under its path, the dashboards beside it, and Prometheus,
 * Jaeger and Argo CD by theirs. It sends the same Content-Security-Policy as the image's web server.
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export interface Gateway {
  /** The built page. */
  dist: string;
  /** Where `index.json` and the dashboards lie. */
  library: string;
  /** The web server's configuration, for its Content-Security-Policy. */
  configuration: string;
  /** Path prefix to address, such as `/prometheus` to `http://127.0.0.1:9090`. */
  upstreams: Record<string, string>;
}

function policy(configuration: string): string {
  const found = /Content-Security-Policy\s+"([^"]+)"/.exec(readFileSync(configuration, 'utf8'))?.[1];
  if (!found) {
    throw new Error(`${configuration} sets no Content-Security-Policy`);
  }
  return found;
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, upstream: string): void {
  const { method, headers, url = '/' } = incoming;
  const onward = request(new URL(url, upstream), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', (error) => outgoing.writeHead(502).end(String(error)));
  incoming.pipe(onward);
}

/** Listens on a free loopback port; resolves to the server and its address. */
export async function serve(gateway: Gateway, port = 0): Promise<{ server: Server; url: string }> {
  const csp = policy(gateway.configuration);
  const server = createServer((incoming, outgoing) => {
    const path = normalize(decodeURIComponent(new URL(incoming.url ?? '/', 'http://page').pathname));
    const upstream = Object.entries(gateway.upstreams).find(([prefix]) => path.startsWith(`${prefix}/`));
    if (upstream) {
      forward(incoming, outgoing, upstream[1]);
      return;
    }
    const [, inLibrary] = /^\/dashboards\/library\/(.+)$/.exec(path) ?? [];
    const wanted = inLibrary ? join(gateway.library, inLibrary) : join(gateway.dist, path.replace(/^\/dashboards/, ''));
    const found = existsSync(wanted) && statSync(wanted).isFile();
    if (!found && (inLibrary || extname(path))) {
      outgoing.writeHead(404).end();
      return;
    }
    const file = found ? wanted : join(gateway.dist, 'index.html');
    const type = types[extname(file)] ?? 'application/octet-stream';
    outgoing.writeHead(200, { 'content-type': type, 'content-security-policy': csp });
    createReadStream(file).pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}` };
}
