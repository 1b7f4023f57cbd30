/** The dashboards that are served beside the page, under `library/`: one JSON file each and an index of them. */
import { fetchJson } from '../ui/json';
import type { DashboardJson } from './model';

export interface Entry {
  uid: string;
  title: string;
  description: string;
  tags: string[];
}

const base = import.meta.env.BASE_URL;

export const loadIndex = (signal?: AbortSignal): Promise<Entry[]> =>
  fetchJson<Entry[]>(`${base}library/index.json`, signal);

export const loadDashboard = (uid: string, signal?: AbortSignal): Promise<DashboardJson> =>
  fetchJson<DashboardJson>(`${base}library/${encodeURIComponent(uid)}.json`, signal);
