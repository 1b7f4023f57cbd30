import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type Stack, start } from './stack';

const SCREENSHOTS = process.env.SCREENSHOTS;

let stack: Stack;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let troubles: string[];

beforeAll(async () => {
  stack = await start();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  if (SCREENSHOTS) {
    mkdirSync(SCREENSHOTS, { recursive: true });
  }
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
beforeEach(async () => {
  stack.upstreams.reset();
  await stack.settled();
  stack.upstreams.step = 900;
  troubles = [];
  context = await browser.newContext({ viewport: { width: 1100, height: 760 }, locale: 'en-IE', colorScheme: 'light' });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      troubles.push(`${message.type()}: ${message.text()} ${message.location().url}`);
    }
  });
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`));
});
afterEach(() => context.close());

const picture = async (name: string): Promise<void> => {
  if (SCREENSHOTS) {
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }
};

async function fill(sku = 'enamel-mug', quantity = 2): Promise<void> {
  await page.goto(`${stack.url}#/products/${sku}`);
  await page.getByLabel('Quantity').fill(String(quantity));
  await page.getByRole('button', { name: 'Add to basket' }).click();
  await page.getByText('in your basket').waitFor();
}

async function checkout(payment: string): Promise<void> {
  await page.getByRole('link', { name: /^Basket/ }).click();
  await page.getByRole('link', { name: 'Check out' }).click();
  await page.getByLabel('Email').fill('ada@example.com');
  await page.getByLabel(payment).check();
  await page.getByRole('button', { name: /^Order for/ }).click();
}

const steps = async (): Promise<string[]> => page.locator('.steps .taken .name').allInnerTexts();

describe('buying', () => {
  it('from the list to a confirmed order, silently', async () => {
    stack.upstreams.step = 2000;
    await page.goto(stack.url);
    await page.locator('.found', { hasText: '6 products' }).waitFor();
    expect(await page.locator('.card').count()).toBe(6);
    await page.getByText('Sold out').waitFor();
    await picture('shop');

    await page.getByLabel('Search the shop').fill('campfire');
    await page.locator('.found', { hasText: '1 product for “campfire”' }).waitFor();
    await page.getByRole('link', { name: 'Enamel mug' }).click();
    await page.getByRole('heading', { name: 'Enamel mug' }).waitFor();
    await page.getByText('12 in stock').waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('INPUT');
    await page.getByLabel('Quantity').fill('2');
    await page.getByRole('button', { name: 'Add to basket' }).click();
    await page.getByText('2 pieces in your basket').waitFor();

    await page.getByRole('link', { name: /^Basket/ }).click();
    await page.locator('.lines').getByText('Enamel mug').waitFor();
    expect(await page.locator('tfoot').innerText()).toContain('€25.80');
    await page.getByLabel('Quantity of enamel-mug').fill('3');
    await page.getByLabel('Quantity of enamel-mug').blur();
    await page.locator('tfoot').getByText('€38.70').waitFor();
    expect(await page.locator('.badge').innerText()).toContain('3');

    await checkout('Test card that pays');
    await page.locator('[data-status=pending]').waitFor();
    await page.locator('[data-status=reserved]').waitFor();
    await picture('order');
    await page.locator('[data-status=confirmed]').waitFor();
    expect(await steps()).toEqual(['Pending', 'Reserved', 'Charged', 'Confirmed']);
    await page.getByText('Paid. Your order is confirmed.').waitFor();
    expect(await page.locator('.price').innerText()).toBe('€38.70');
    expect(await page.locator('.badge').innerText()).toBe('');

    const asked = stack.upstreams.seen.orderview.length;
    await page.waitForTimeout(2500);
    expect(stack.upstreams.seen.orderview.length).toBe(asked); // It is over: nothing more is asked.
    await page.getByRole('link', { name: 'All your orders' }).click();
    await page.locator('.orders').getByText('confirmed').waitFor();
    expect(stack.upstreams.orders.size).toBe(1);
    expect(troubles).toEqual([]);
  });

  it('a declined payment cancels the order, and says why', async () => {
    stack.upstreams.step = 300;
    await fill();
    await checkout('Test card that the bank declines');
    await page.locator('[data-status=cancelled]').waitFor();
    await page.getByText('Reason: payment declined').waitFor();
    expect(await steps()).toEqual(['Pending', 'Reserved', 'Declined', 'Cancelled']);
    expect(troubles).toEqual([]);
  });

  it('a lost answer and another try make one order', async () => {
    await fill();
    await page.getByRole('link', { name: /^Basket/ }).click();
    await page.getByRole('link', { name: 'Check out' }).click();
    await page.getByLabel('Email').fill('ada@example.com');
    let lost = 0;
    await page.route('**/api/orders', async (route) => {
      if (route.request().method() === 'POST' && lost++ === 0) {
        await route.fetch();
        await route.abort();
      } else {
        await route.continue();
      }
    });
    await page.getByRole('button', { name: /^Order for/ }).click();
    await page.getByText('The shop cannot be reached').waitFor();
    await page.getByRole('button', { name: /^Order for/ }).click();
    await page.locator('[data-status]').waitFor();
    expect(stack.upstreams.orders.size).toBe(1);
  });

  it('a lost answer, and another try that finds the basket empty, lead to the orders', async () => {
    await fill();
    await page.goto(`${stack.url}#/checkout`);
    await page.getByLabel('Email').fill('ada@example.com');
    let asked = 0;
    await page.route('**/api/orders', async (route) => {
      if (route.request().method() !== 'POST') {
        await route.continue();
      } else if (asked++ === 0) {
        await route.fetch();
        await route.abort();
      } else {
        // As another process of the API would, which does not remember the first.
        await route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"detail":"the basket is empty"}' });
      }
    });
    await page.getByRole('button', { name: /^Order for/ }).click();
    await page.getByText('The shop cannot be reached').waitFor();
    await page.getByRole('button', { name: /^Order for/ }).click();
    await page.getByRole('heading', { name: 'Your orders' }).waitFor();
    await page.locator('.orders li').waitFor();
    expect(stack.upstreams.orders.size).toBe(1);
  });

  it('a new price is shown at the next look, whatever the browser has kept', async () => {
    const lamp = stack.upstreams.products.get('brass-lamp')!;
    await page.goto(stack.url);
    await page.getByText('€89.00').waitFor();
    stack.upstreams.products.set('brass-lamp', { ...lamp, price: { amount: 4242, currency: 'EUR' } });
    await page.reload();
    await page.getByText('€42.42').waitFor();
    stack.upstreams.products.set('brass-lamp', lamp);
    expect(troubles).toEqual([]);
  });

  it('what is wrong in the form is told beside it', async () => {
    await fill();
    await page.goto(`${stack.url}#/checkout`);
    await page.getByLabel('Email').fill('nobody');
    await page.getByRole('button', { name: /^Order for/ }).click();
    await page.getByText('Give an email address').waitFor();
    expect(await page.getByLabel('Email').getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('email');
    expect(stack.upstreams.orders.size).toBe(0);
    expect(troubles).toEqual([]);
  });
});

describe('while a part is away', () => {
  it('products are shown as last known, under a banner that goes when it is over', async () => {
    await page.goto(stack.url);
    await page.locator('.found', { hasText: '6 products' }).waitFor();
    expect(await page.getByText('Part of the shop is resting').isVisible()).toBe(false);

    stack.upstreams.faults.catalog = 'error';
    await page.reload();
    await page.getByText('Part of the shop is resting').waitFor();
    expect(await page.locator('.card').count()).toBe(6);
    await picture('degraded');

    stack.upstreams.faults.catalog = 'none';
    await page.waitForTimeout(700);
    await page.reload();
    await page.locator('.found', { hasText: '6 products' }).waitFor();
    await page.waitForTimeout(300);
    expect(await page.getByText('Part of the shop is resting').isVisible()).toBe(false);
    expect(troubles).toEqual([]);
  });

  it('unknown stock is unknown, and one can buy all the same', async () => {
    stack.upstreams.faults.stock = 'reset';
    await page.goto(`${stack.url}#/products/oak-board`);
    await page.getByText('Stock is not known right now').waitFor();
    await page.getByText('Part of the shop is resting').waitFor();
    expect(await page.getByRole('button', { name: 'Add to basket' }).isEnabled()).toBe(true);
    expect(troubles).toEqual([]);
  });

  it('an order is followed without the query side', async () => {
    stack.upstreams.step = 300;
    await fill();
    stack.upstreams.faults.orderview = 'error';
    await checkout('Test card that pays');
    await page.getByText('Part of the shop is resting').waitFor();
    await page.locator('[data-status=confirmed]').waitFor();
  });

  it('a basket that is away can be asked again', async () => {
    stack.upstreams.faults.basket = 'error';
    await page.goto(`${stack.url}#/basket`);
    await page.getByText('cannot answer right now').waitFor();
    stack.upstreams.faults.basket = 'none';
    await page.waitForTimeout(700);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('There is nothing in it yet').waitFor();
  });
});

describe('for everyone', () => {
  it('the keyboard is enough to buy', async () => {
    await page.goto(stack.url);
    await page.locator('.found', { hasText: '6 products' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.getByLabel('Search the shop').focus();
    await page.keyboard.type('oak');
    await page.keyboard.press('Enter');
    await page.locator('.found', { hasText: '1 product for “oak”' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('q');
    await page.getByRole('link', { name: 'Oak board' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Oak board' }).waitFor();
    await page.getByLabel('Quantity').focus();
    await page.keyboard.press('Enter');
    await page.getByText('1 piece in your basket').waitFor();
    expect(troubles).toEqual([]);
  });

  it('every field and button has a name, every page one heading and its own title', async () => {
    await fill();
    const titles = new Set<string>();
    for (const at of ['#/', '#/products/enamel-mug', '#/basket', '#/checkout', '#/orders', '#/nowhere/at/all']) {
      await page.goto(`${stack.url}${at}`);
      await page.locator('.waiting').waitFor({ state: 'detached' });
      expect(await page.locator('h1').count(), at).toBe(1);
      titles.add(await page.title());
      const unnamed = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('button, input, a')].filter(
          (each) => !(each.textContent?.trim() || each.getAttribute('aria-label') || (each as HTMLInputElement).labels?.length)
        ).length
      );
      expect(unnamed, at).toBe(0);
    }
    expect(titles.size).toBe(6);
    expect(troubles).toEqual([]);
  });

  it.each([
    ['a phone', { width: 360, height: 740 }],
    ['a wide screen', { width: 1920, height: 1080 }],
  ])('fits %s', async (_name, size) => {
    await fill();
    await page.setViewportSize(size);
    for (const at of ['#/', '#/products/enamel-mug', '#/basket', '#/checkout']) {
      await page.goto(`${stack.url}${at}`);
      await page.locator('.waiting').waitFor({ state: 'detached' });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), at).toBeLessThanOrEqual(0);
    }
  });
});

describe('the web server', () => {
  it('assets are kept for good, the page is asked for by its ETag', async () => {
    const index = await fetch(`${stack.page}/`);
    expect(index.headers.get('cache-control')).toBe('public, max-age=0, s-maxage=10, must-revalidate');
    expect(index.headers.get('xkey')).toBe('storefront');
    expect(index.headers.get('last-modified')).toBeNull();
    const etag = index.headers.get('etag')!;
    expect(etag).toMatch(/^W\/"[0-9a-f]{20}"$/);
    const same = await fetch(`${stack.page}/`, { headers: { 'if-none-match': etag } });
    expect([same.status, same.headers.get('etag'), same.headers.get('cache-control')]).toEqual([304, etag, index.headers.get('cache-control')]);
    expect([null, 'text/html']).toContain(same.headers.get('content-type'));
    expect((await fetch(`${stack.page}/`, { headers: { 'if-none-match': 'W/"0123456789abcdef0123"' } })).status).toBe(200);
    const old = await fetch(`${stack.page}/`, { headers: { 'if-modified-since': 'Wed, 01 Jan 2098 00:00:00 GMT' } });
    expect(old.status).toBe(200);

    const text = await index.text();
    const assets = [...text.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(assets.length).toBe(3);
    for (const asset of assets) {
      const response = await fetch(`${stack.page}/${asset}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
  });

  it('what is not there is 404 and not kept; nothing else is served', async () => {
    for (const path of ['/assets/index-00000000.js', '/etag.conf', '/../package.json', '/anything']) {
      const response = await fetch(`${stack.page}${path}`);
      expect([path, response.status, response.headers.get('cache-control')]).toEqual([path, 404, 'no-store']);
    }
  });

  it('every answer has the same strict policy', async () => {
    for (const path of ['/', '/nothing', '/healthz', '/readyz']) {
      const { headers } = await fetch(`${stack.page}${path}`);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});
