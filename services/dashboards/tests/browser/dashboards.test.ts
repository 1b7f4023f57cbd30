import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { DashboardJson, PanelJson } from '../../src/scene/model';
import { serve } from './gateway';
import { writeTrials } from './trials';
import { open, panelOf, showsData } from './page';
import { type Prometheus, startPrometheus } from './prometheus';

const here = fileURLToPath(new URL('../..', import.meta.url));
const screenshots = process.env.SCREENSHOTS;
let url = process.env.DASHBOARDS_URL?.replace(/\/$/, '') ?? '';
const ownStack = !url;

let browser: Browser;
let prometheus: Prometheus | undefined;
let server: Server | undefined;
let library = join(here, '../../dashboards/json');

beforeAll(async () => {
  if (ownStack) {
    prometheus = await startPrometheus();
    library = writeTrials(library, join(prometheus.scratch, 'library'));
    const gateway = await serve({
      dist: join(here, 'dist'),
      library,
      configuration: join(here, 'image/nginx.conf'),
      upstreams: { '/prometheus': prometheus.url },
    });
    server = gateway.server;
    url = `${gateway.url}/dashboards`;
  }
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  if (screenshots) {
    mkdirSync(screenshots, { recursive: true });
  }
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  server?.closeAllConnections();
  await prometheus?.stop();
});

const drawn = ({ type }: PanelJson): boolean => type !== 'row';

async function dashboard(uid: string): Promise<DashboardJson> {
  const response = await fetch(`${url}/library/${uid}.json`);
  return (await response.json()) as DashboardJson;
}

/** What is chosen where others could be: every platform has the catalog. */
const chosen: Record<string, string> = { service: '?var-namespace=shop&var-workload=catalog' };

describe('every dashboard', () => {
  it.each(['platform', 'service', 'mesh', 'kubernetes'])('%s draws data in every panel, silently', async (uid) => {
    const { panels = [], title } = await dashboard(uid);
    const { page, troubles } = await open(browser, `${url}/d/${uid}${chosen[uid] ?? ''}`);
    const wanted = panels.filter(drawn);
    expect(wanted.length).toBeGreaterThan(5);
    for (const panel of wanted) {
      await showsData(panelOf(page, panel.id ?? 0), panel.type ?? '', panel.title ?? '');
    }
    expect(await page.title()).toBe(title);
    if (screenshots) {
      await page.setViewportSize({ width: 1600, height: 1150 });
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(screenshots, `${uid}.png`) });
    }
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('stands in the list, which leads to it', async () => {
    const { page, troubles } = await open(browser, `${url}/`);
    await page.getByRole('link', { name: 'Platform overview' }).click();
    await page.waitForURL(/\/d\/platform/);
    await showsData(panelOf(page, 2), 'stat', 'Targets up');
    expect(troubles).toEqual([]);
    await page.close();
  });
});

describe('a person', () => {
  it('hovers over a chart and reads every series', async () => {
    const { page, troubles } = await open(browser, `${url}/d/platform`);
    const { panels = [] } = await dashboard('platform');
    const latency = panels.find(({ title }) => title === 'Latency');
    const panel = panelOf(page, latency?.id ?? 0);
    await showsData(panel, 'timeseries', 'Latency');
    // The end of the chart: a platform that was raised just now has no data elsewhere.
    const chart = panel.locator('.u-over');
    const { width, height } = (await chart.boundingBox()) ?? { width: 0, height: 0 };
    await chart.hover({ position: { x: width - 3, y: height / 2 } });
    const tooltip = page.locator('[class*="vizTooltip"], [data-testid*="TooltipWrapper"], #grafana-portal-container').last();
    await expect.poll(() => tooltip.innerText(), { timeout: 10_000 }).toMatch(/50%[\s\S]*ms/);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('zooms into a chart, and the address says where', async () => {
    const { page, troubles } = await open(browser, `${url}/d/platform`);
    const { panels = [] } = await dashboard('platform');
    const panel = panelOf(page, panels.find(({ title }) => title === 'Latency')?.id ?? 0);
    await showsData(panel, 'timeseries', 'Latency');
    const box = await panel.locator('.u-over').boundingBox();
    if (!box) {
      throw new Error('the chart has no place');
    }
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.97, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/from=\d{4}-/);
    const found = new URL(page.url()).searchParams;
    const minutes = (Date.parse(found.get('to') ?? '') - Date.parse(found.get('from') ?? '')) / 60_000;
    expect(minutes).toBeGreaterThan(15);
    expect(minutes).toBeLessThan(35);
    await showsData(panel, 'timeseries', 'Latency');
    expect(troubles).toEqual([]);
    await page.close();
  });

  it.runIf(ownStack)('chooses another service, and the address says which', async () => {
    const { page, troubles } = await open(browser, `${url}/d/service`);
    await page.waitForURL(/var-workload=\w+/);
    const before = new URL(page.url()).searchParams.get('var-workload');
    await page.getByLabel('workload').or(page.locator('[data-testid*="workload"] input')).first().click();
    const other = page.getByRole('option').filter({ hasNotText: before ?? '' }).first();
    const chosen = (await other.innerText()).trim();
    await other.click();
    await page.waitForURL(new RegExp(`var-workload=${chosen}`));
    const { panels = [] } = await dashboard('service');
    const [first] = panels.filter(drawn);
    await showsData(panelOf(page, first?.id ?? 0), first?.type ?? '', first?.title ?? '');
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('opens an address and finds time, refresh and variables as they were', async () => {
    const address = `${url}/d/kubernetes?from=now-15m&to=now&refresh=1m&var-node=$__all`;
    const asked: URL[] = [];
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    page.on('request', (request) => asked.push(new URL(request.url())));
    await page.goto(address);
    await page.waitForResponse(/\/query_range/);
    const range = asked.find(({ pathname }) => pathname.endsWith('/query_range'))?.searchParams;
    expect(Number(range?.get('end')) - Number(range?.get('start'))).toBeLessThanOrEqual(900);
    expect(range?.get('query')).toContain('node=~".+"');
    await page.getByText('Last 15 minutes').first().waitFor();
    expect(new URL(page.url()).searchParams.get('refresh')).toBe('1m');
    await page.close();
  });

  it('refreshes', async () => {
    const { page } = await open(browser, `${url}/d/platform`);
    await showsData(panelOf(page, 2), 'stat', 'Targets up');
    const again = page.waitForRequest(/\/query_range/);
    await page.getByTestId(/RefreshPicker run button/).click();
    await again;
    await page.close();
  });

  it('switches to the light theme', async () => {
    const { page } = await open(browser, `${url}/`);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.getByRole('button', { name: 'Light theme' }).click();
    await page.getByRole('button', { name: 'Dark theme' }).waitFor();
    expect(await ground()).not.toBe(dark);
    await page.close();
  });
});

describe.runIf(ownStack)('a dashboard with troubles', () => {
  it('waits for slow answers, and offers to wait no longer', async () => {
    const { page, troubles } = await open(browser, `${url}/`);
    await page.route(/\/query_range/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await route.continue();
    });
    await page.getByRole('link', { name: 'Platform overview' }).click();
    await page.waitForResponse(/sync-slash\.svg/);
    await showsData(panelOf(page, 2), 'stat', 'Targets up');
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('shows a badge for a panel that it does not know, and the rest', async () => {
    const { page, troubles } = await open(browser, `${url}/d/trial`);
    await page.getByText('Panel type “flamegraph” is not shown on this page').waitFor();
    await showsData(panelOf(page, 2), 'stat', 'Fine');
    // One query is refused on purpose.
    expect(troubles.filter((trouble) => !trouble.includes('400'))).toEqual([]);
    await page.close();
  });

  it('says what is wrong with a query, and that another has no data', async () => {
    const { page } = await open(browser, `${url}/d/trial`);
    const status = panelOf(page, 3).locator('[data-testid*="Panel status"]');
    await status.hover();
    await page.getByText(/Prometheus refused the query \(bad_data\)/).first().waitFor();
    await panelOf(page, 4).getByText('No data').waitFor();
    await page.close();
  });

  it('draws a gap where there is no sample', async () => {
    const { page } = await open(browser, `${url}/d/trial`);
    await showsData(panelOf(page, 5), 'timeseries', 'With a gap');
    await page.close();
  });

  it('says so when there is no such dashboard', async () => {
    const { page } = await open(browser, `${url}/d/nonsense`);
    await page.getByText('Could not load the dashboard').waitFor();
    await page.close();
  });
});
