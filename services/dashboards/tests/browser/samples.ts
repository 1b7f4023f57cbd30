/**
 * An hour of a small platform's metrics in OpenMetrics text, for a Prometheus of the tests' own: three nodes, a shop of
 * two services, a mesh and a control plane, with the names and labels that dashboards/README.md promises.
 * Invented, but never random: a value depends on its series and its time alone.
 */
type Labels = Record<string, string>;
type Value = (seconds: number) => number;

const STEP = 15;
/** Some samples lie ahead, so that the newest ones are fresh as long as the tests run. */
const BEFORE = 3600;
const AHEAD = 1800;

const text = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',');

function phase(labels: Labels): number {
  return [...text(labels)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7);
}

/** Swings around `base` by a fifth. */
const gauge = (base: number): ((labels: Labels) => Value) => {
  return (labels) => (at) => base * (1 + 0.2 * Math.sin(at / 300 + phase(labels)));
};
const constant = (value: number): ((labels: Labels) => Value) => () => () => value;
/** Grows by `rate` a second, now faster, now slower. */
const counter = (rate: number): ((labels: Labels) => Value) => {
  return (labels) => (at) => rate * (at - 60 * Math.cos(at / 300 + phase(labels)));
};

class Metrics {
  private readonly families = new Map<string, Array<{ labels: Labels; value: Value }>>();

  add(name: string, series: Labels[], make: (labels: Labels) => Value): void {
    const family = this.families.get(name) ?? [];
    this.families.set(name, family);
    family.push(...series.map((labels) => ({ labels, value: make(labels) })));
  }

  /** A classic histogram whose observations mostly fall around `center`. */
  histogram(name: string, series: Labels[], bounds: number[], center: number, rate: number): void {
    for (const le of [...bounds, Infinity]) {
      const share = 1 / (1 + (center / le) ** 2.5);
      const label = le === Infinity ? '+Inf' : String(le);
      this.add(`${name}_bucket`, series.map((labels) => ({ ...labels, le: label })), (labels) =>
        counter(rate * share)({ ...labels, le: '' })
      );
    }
    this.add(`${name}_count`, series, counter(rate));
    this.add(`${name}_sum`, series, counter(rate * center));
  }

  render(now: number): string {
    const times = Array.from({ length: (BEFORE + AHEAD) / STEP }, (_, index) => now - BEFORE + index * STEP);
    const lines: string[] = [];
    for (const [name, series] of this.families) {
      lines.push(`# TYPE ${name} unknown`);
      for (const { labels, value } of series) {
        for (const time of times) {
          lines.push(`${name}{${text(labels)}} ${value(time - now + BEFORE)} ${time}`);
        }
      }
    }
    return [...lines, '# EOF', ''].join('\n');
  }
}

const MEBI = 2 ** 20;
const nodes = ['e2e-control-1', 'e2e-general-1', 'e2e-spot-1'];
const onNodes = (labels: Labels = {}): Labels[] => nodes.map((node) => ({ ...labels, node }));
const services = [
  { namespace: 'shop', workload: 'catalog', pods: ['catalog-7d9c5b6f4-x2x8p', 'catalog-7d9c5b6f4-q6w5k'] },
  { namespace: 'shop', workload: 'orders', pods: ['orders-5f7d8c9b6-m4n7t'] },
];
const gateway = 'spiffe://cluster.local/ns/istio-system/sa/gateway';

function machines(metrics: Metrics): void {
  metrics.add('node_cpu_usage_seconds_total', onNodes({ job: 'kubelet-resource' }), counter(0.7));
  metrics.add('node_memory_working_set_bytes', onNodes({ job: 'kubelet-resource' }), gauge(2600 * MEBI));
  const disk = { job: 'node-exporter', device: '/dev/vda', fstype: 'ext4', mountpoint: '/' };
  metrics.add('node_filesystem_size_bytes', onNodes(disk), constant(100 * 1024 * MEBI));
  metrics.add('node_filesystem_avail_bytes', onNodes(disk), gauge(40 * 1024 * MEBI));
  for (const name of ['receive', 'transmit']) {
    metrics.add(`node_network_${name}_bytes_total`, onNodes({ job: 'node-exporter', device: 'host0' }), counter(200_000));
  }
}

function kubernetes(metrics: Metrics): void {
  metrics.add('node:cpu:cores', onNodes({}), constant(2));
  metrics.add('node:memory:bytes', onNodes({}), constant(4096 * MEBI));
  metrics.add('kubelet_running_pods', onNodes({ job: 'kubelet' }), constant(9));
  services.forEach(({ namespace, workload, pods }) =>
    pods.forEach((pod, index) => {
      const where = { namespace, pod, node: nodes[index + 1] ?? '' };
      const container = { job: 'cadvisor', ...where, container: workload };
      metrics.add('container_cpu_usage_seconds_total', [container], counter(0.15));
      metrics.add('container_memory_working_set_bytes', [container], gauge(80 * MEBI));
      metrics.add('container_cpu_cfs_periods_total', [container], counter(10));
      metrics.add('container_cpu_cfs_throttled_periods_total', [container], counter(0.4));
      metrics.add('container_start_time_seconds', [{ ...container, job: 'kubelet-resource' }], constant(Math.floor(Date.now() / 1000) - 7200));
      const asked = { job: 'kube-scheduler-resources', ...where };
      metrics.add('kube_pod_resource_request', [{ ...asked, resource: 'cpu', unit: 'cores' }], constant(0.25));
      metrics.add('kube_pod_resource_request', [{ ...asked, resource: 'memory', unit: 'bytes' }], constant(128 * MEBI));
    })
  );
  const queues = ['active', 'backoff', 'gated', 'unschedulable'].map((queue) => ({ job: 'kube-scheduler', queue }));
  metrics.add('scheduler_pending_pods', queues, constant(0));
  const verbs = ['GET', 'LIST', 'PATCH', 'WATCH'].map((verb) => ({ job: 'apiserver', verb, code: '200' }));
  metrics.add('apiserver_request_total', verbs, counter(3));
  const bounds = [0.005, 0.025, 0.05, 0.1, 0.5, 1, 5];
  metrics.histogram('apiserver_request_sli_duration_seconds', verbs, bounds, 0.02, 3);
  for (const name of ['wal_fsync', 'backend_commit']) {
    metrics.histogram(`etcd_disk_${name}_duration_seconds`, [{ job: 'etcd' }], [0.001, 0.002, 0.004, 0.008, 0.032], 0.003, 8);
  }
}

function mesh(metrics: Metrics): void {
  const milliseconds = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500];
  for (const { namespace, workload } of services) {
    const received = {
      job: 'envoy',
      reporter: 'destination',
      source_principal: gateway,
      destination_workload: workload,
      destination_workload_namespace: namespace,
    };
    const called = {
      job: 'envoy',
      reporter: 'source',
      source_workload: workload === 'catalog' ? 'orders' : 'istio-ingressgateway',
      source_workload_namespace: workload === 'catalog' ? 'shop' : 'istio-ingress',
      destination_service_name: workload,
      destination_service_namespace: namespace,
    };
    for (const side of [received, called]) {
      metrics.add('istio_requests_total', [{ ...side, response_code: '200', response_flags: '-' }], counter(12));
      metrics.add('istio_requests_total', [{ ...side, response_code: '503', response_flags: 'UO' }], counter(0.02));
      metrics.histogram('istio_request_duration_milliseconds', [side], milliseconds, 18, 12);
    }
  }
  const istiod = { job: 'istiod' };
  metrics.add('pilot_xds', [{ ...istiod, version: '1.31' }], constant(4));
  metrics.add('pilot_services', [istiod], constant(14));
  metrics.add('pilot_xds_pushes', ['cds', 'eds', 'lds', 'rds'].map((type) => ({ ...istiod, type })), counter(0.2));
  metrics.histogram('pilot_proxy_convergence_time', [istiod], [0.1, 0.5, 1, 3, 5, 10], 0.3, 0.2);
  metrics.add('process_cpu_seconds_total', [istiod], counter(0.05));
  metrics.add('process_resident_memory_bytes', [istiod], gauge(90 * MEBI));
  const proxies = services.flatMap(({ namespace, pods }) => pods.map((pod) => ({ job: 'envoy', namespace, pod })));
  metrics.add('envoy_server_total_connections', proxies, gauge(6));
  metrics.add('envoy_cluster_outlier_detection_ejections_active', proxies, constant(0));
  metrics.add('envoy_cluster_circuit_breakers_default_rq_open', proxies, constant(0));
  metrics.add('envoy_cluster_upstream_rq_pending_overflow', proxies, counter(0.02));
  metrics.add('envoy_cluster_upstream_rq_retry', proxies, counter(0.1));
  metrics.add('envoy_cluster_manager_cds_update_rejected', proxies, constant(0));
  metrics.add('envoy_listener_manager_lds_update_rejected', proxies, constant(0));
}

/** Text for `promtool tsdb create-blocks-from openmetrics`; `now` in Unix seconds. */
export function samples(now: number): string {
  const metrics = new Metrics();
  const jobs = ['apiserver', 'cadvisor', 'envoy', 'etcd', 'istiod', 'kubelet', 'kube-scheduler', 'node-exporter'];
  metrics.add('up', jobs.map((job) => ({ job, instance: '127.0.0.1' })), constant(1));
  for (const [name, base] of Object.entries({ scrape_duration_seconds: 0.02, scrape_samples_scraped: 900 })) {
    metrics.add(name, jobs.map((job) => ({ job, instance: '127.0.0.1' })), gauge(base));
  }
  const alert = { alertname: 'DiskFilling', alertstate: 'firing', severity: 'warning', node: nodes[0] ?? '' };
  metrics.add('ALERTS', [alert], constant(1));
  machines(metrics);
  kubernetes(metrics);
  mesh(metrics);
  return metrics.render(now);
}
