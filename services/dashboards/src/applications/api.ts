/** Argo CD's API, as far as this page reads it. */
import { endpoints } from '../endpoints';
import { fetchJson } from '../ui/json';

export interface Application {
  metadata: { name: string; namespace: string };
  spec: { project: string; destination: { namespace?: string } };
  status?: {
    sync?: { status?: string; revision?: string };
    health?: { status?: string };
    reconciledAt?: string;
  };
}

export async function applications(signal?: AbortSignal): Promise<Application[]> {
  const { items } = await fetchJson<{ items: Application[] | null }>(`${endpoints.argocd}/api/v1/applications`, signal);
  return items ?? [];
}
