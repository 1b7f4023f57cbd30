/** What the tests see of the page: its panels, and everything that went wrong. */
import type { Browser, Locator, Page } from 'playwright-core';

export interface Opened {
  page: Page;
  /** Console errors and warnings, exceptions, and answers that failed. */
  troubles: string[];
}

/** Tall enough for every panel to be in view at once, since panels out of view ask nothing. */
const VIEWPORT = { width: 1600, height: 3200 };

/** Milliseconds for anything to happen: a busy machine draws late, and that alone is no fault. */
const PATIENCE = 90_000;

export async function open(browser: Browser, url: string): Promise<Opened> {
  const page = await browser.newPage({ viewport: VIEWPORT, ignoreHTTPSErrors: true });
  page.setDefaultTimeout(PATIENCE);
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      troubles.push(`${message.type()}: ${message.text() || message.location().url}`);
    }
  });
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) {
      troubles.push(`HTTP ${response.status()}: ${response.url()}`);
    }
  });
  await page.goto(url);
  return { page, troubles };
}

export const panelOf = (page: Page, id: number): Locator => page.locator(`[data-viz-panel-key="panel-${id}"]`);

/** Pixels of a canvas that have a colour: series and cells have, axes and grids are grey. */
function colored(canvas: Element): number {
  const { width, height } = canvas as HTMLCanvasElement;
  // A copy is read: Chromium warns of a canvas that is drawn to and read time and again.
  const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  copy?.drawImage(canvas as HTMLCanvasElement, 0, 0);
  const data = copy?.getImageData(0, 0, width, height).data ?? [];
  let count = 0;
  for (let at = 0; at + 3 < data.length; at += 4) {
    const channels = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    if ((data[at + 3] ?? 0) > 40 && Math.max(...channels) - Math.min(...channels) > 30) {
      count += 1;
    }
  }
  return count;
}

/** Why a panel does not show data; undefined if it does. */
export async function missing(panel: Locator, type: string): Promise<string | undefined> {
  if (!(await panel.count())) {
    return 'is not on the page';
  }
  if (await panel.locator('[data-unknown-panel]').count()) {
    return 'is of a type that the page does not know';
  }
  if (await panel.locator('[data-no-data]').count()) {
    return 'says that there is no data';
  }
  if (await panel.locator('[data-testid*="Panel status error"]').count()) {
    return 'shows an error';
  }
  if (type === 'timeseries' || type === 'heatmap') {
    const canvas = panel.locator('canvas').first();
    if (!(await canvas.count())) {
      return 'has no canvas';
    }
    return (await canvas.evaluate(colored)) > 20 ? undefined : 'drew nothing';
  }
  return /\d/.test(await panel.innerText()) || /\d/.test((await panel.locator('svg').allTextContents()).join())
    ? undefined
    : 'shows no number';
}

/** Waits until a panel shows data; the reason why it does not is the error. */
export async function showsData(panel: Locator, type: string, title: string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const reason = await missing(panel, type);
    if (!reason) {
      return;
    }
    if (Date.now() > deadline) {
      throw new Error(`The panel “${title}” ${reason}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
