// Places one order in Chromium at SHOP_URL, as a customer does, with a trace of our own; prints {order_id, trace_id, seconds}.
import { randomBytes } from 'node:crypto';

import { chromium } from '../../services/storefront/node_modules/playwright-core/index.mjs';

const url = process.env.SHOP_URL;
const trace = randomBytes(16).toString('hex');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-IE' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  // Of all requests the order alone starts the trace; x-client-trace-id has Envoy trace it however few it samples.
  await page.route('**/api/orders', (route) => {
    const request = route.request();
    const traced = { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01`, 'x-client-trace-id': trace };
    return route.continue(request.method() === 'POST' ? { headers: { ...request.headers(), ...traced } } : {});
  });
  await page.goto(url);
  await page.locator('.card a').first().click();
  await page.getByLabel('Quantity').fill('1');
  await page.getByRole('button', { name: 'Add to basket' }).click();
  await page.getByText('in your basket').waitFor();
  await page.getByRole('link', { name: /^Basket/ }).click();
  await page.getByRole('link', { name: 'Check out' }).click();
  await page.getByLabel('Email').fill('ada@example.com');
  await page.getByLabel('Test card that pays').check();
  const answered = page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith('/api/orders'));
  const began = Date.now();
  await page.getByRole('button', { name: /^Order for/ }).click();
  const { order_id } = await (await answered).json();
  await page.locator('[data-status=confirmed]').waitFor();
  console.log(JSON.stringify({ order_id, trace_id: trace, seconds: String((Date.now() - began) / 1000) }));
} finally {
  await browser.close();
}
