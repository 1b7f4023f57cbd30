import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { open } from './page';

/** Traces need what made them: they are looked at on a raised platform only. */
const url = process.env.DASHBOARDS_URL?.replace(/\/$/, '') ?? '';
const screenshots = process.env.SCREENSHOTS;

describe.skipIf(!url)('traces of the platform', () => {
  const id = randomBytes(16).toString('hex');
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
    });
    if (screenshots) {
      mkdirSync(screenshots, { recursive: true });
    }
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const traceparent = `00-${id}-${randomBytes(8).toString('hex')}-01`;
    const answer = await context.request.get(new URL('/shop/catalog/products?q=mug', url).href, {
      headers: { traceparent, 'x-client-trace-id': id },
    });
    expect(answer.status()).toBe(200);
    const trace = new URL(`/jaeger/api/traces/${id}`, url).href;
    await vi.waitFor(async () => expect(await (await context.request.get(trace)).text()).toContain('"catalog"'), {
      timeout: 15_000,
      interval: 500,
    });
    await context.close();
  });

  afterAll(() => browser?.close());

  it('shows a request from the gateway to the service as a waterfall', async () => {
    const { page, troubles } = await open(browser, `${url}/traces/${id}`);
    const rows = page.locator('[data-span]');
    await rows.first().waitFor();
    const texts = await rows.allInnerTexts();
    expect(texts[0]).toContain('istio-ingressgateway.istio-ingress');
    expect(texts.at(-1)).toMatch(/catalog\s/);
    expect(texts.length).toBeGreaterThanOrEqual(3);
    const lane = await rows.first().boundingBox();
    const duration = await rows.first().locator('[data-duration]').boundingBox();
    expect(duration && lane && duration.x >= lane.x && duration.x + duration.width <= lane.x + lane.width).toBe(true);
    await rows.last().click();
    await page.getByLabel('Tags').getByText('span.kind').waitFor();
    expect(await page.getByLabel('Tags').innerText()).toContain('server');
    if (screenshots) {
      await page.setViewportSize({ width: 1600, height: 600 });
      await page.screenshot({ path: join(screenshots, 'trace.png') });
    }
    expect(troubles).toEqual([]);
  });

  it('finds it by its service, and follows the link', async () => {
    const { page, troubles } = await open(browser, `${url}/traces?service=catalog&lookback=15m`);
    const link = page.locator(`a[href$="/traces/${id}"]`);
    await link.waitFor();
    const row = page.locator('tr', { has: link });
    expect(await row.innerText()).toContain('istio-ingressgateway.istio-ingress, catalog.shop, catalog');
    if (screenshots) {
      await page.setViewportSize({ width: 1600, height: 600 });
      await page.screenshot({ path: join(screenshots, 'traces.png') });
    }
    await link.click();
    await page.locator('[data-span]').first().waitFor();
    expect(page.url()).toContain(`/dashboards/traces/${id}`);
    expect(troubles).toEqual([]);
  });

  it('says so of a trace that Jaeger does not know', async () => {
    const { page } = await open(browser, `${url}/traces/${'1'.repeat(32)}`);
    await page.getByText('Jaeger knows no trace').waitFor();
  });
});
