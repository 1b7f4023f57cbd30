/** A real Prometheus on loopback that holds the samples. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { samples } from './samples';

export interface Prometheus {
  url: string;
  /** Of the tests' own, removed when it stops. */
  scratch: string;
  stop(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * The package's programs: from `PROMETHEUS_ROOT` (where the package was unpacked), the host's own, or unpacked from the
 * host's package source into `scratch`, which installs nothing.
 */
function programs(scratch: string): string {
  const installed = [process.env.PROMETHEUS_ROOT ?? '', '/'].map((root) => join(root, 'usr/bin'));
  const found = installed.find((bin) => existsSync(join(bin, 'promtool')) && existsSync(join(bin, 'prometheus')));
  if (found) {
    return found;
  }
  execFileSync('apt-get', ['download', '-qq', 'prometheus'], { cwd: scratch, stdio: ['ignore', 'ignore', 'pipe'] });
  execFileSync('sh', ['-c', 'dpkg-deb -x prometheus_*.deb .'], { cwd: scratch });
  return join(scratch, 'usr/bin');
}

async function ready(url: string, process: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (process.exitCode !== null) {
      throw new Error(`Prometheus ended with ${process.exitCode}`);
    }
    const answer = await fetch(`${url}/prometheus/-/ready`).catch(() => undefined);
    if (answer?.ok) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`Prometheus was not ready at ${url} within 30 s`);
}

export async function startPrometheus(): Promise<Prometheus> {
  const scratch = mkdtempSync(join(tmpdir(), 'dashboards-'));
  const bin = programs(scratch);
  const data = join(scratch, 'data');
  const metrics = join(scratch, 'metrics.txt');
  const configuration = join(scratch, 'prometheus.yml');
  writeFileSync(metrics, samples(Math.floor(Date.now() / 1000)));
  writeFileSync(configuration, 'global: {}\n');
  execFileSync(join(bin, 'promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', metrics, data], { stdio: 'ignore' });

  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const options = {
    'config.file': configuration,
    'storage.tsdb.path': data,
    'web.listen-address': address,
    'web.external-url': `${url}/prometheus`,
    'log.level': 'error',
  };
  const process = spawn(
    join(bin, 'prometheus'),
    Object.entries(options).map(([key, value]) => `--${key}=${value}`),
    { stdio: ['ignore', 'ignore', 'inherit'] }
  );
  await ready(url, process);
  return {
    url,
    scratch,
    async stop() {
      const ended = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGTERM');
      await ended;
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
