import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { OpenPage } from './browser.ts';
import { quantile } from './pool.ts';

const LOADS = 5;
const STEPS = 20;
const WATCHED_MS = 20_000;
const LONGEST_MS = 60_000;

/** Median time from a click on the tab until rows are drawn, ms; from the overview each time. */
export async function firstRows({ page, goTo }: OpenPage, job: string): Promise<number> {
  const took: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    await goTo('/');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await sleep(300);
    took.push(await timed(page, `location.hash = '/jobs/${job}?tab=tasks'`, "document.querySelectorAll('[data-row]').length > 5"));
  }
  return quantile(took, 0.5);
}

/** Median and worst time of scrolling to any place and of filters, until the rows of there are drawn, ms. */
export async function steps({ page }: OpenPage): Promise<{ readonly stepMs: number; readonly stepWorstMs: number }> {
  const took: number[] = [];
  const drawn = "document.querySelectorAll('.grid-row.missing').length === 0 && document.querySelectorAll('[data-row]').length > 5 && Number(document.querySelector('[data-row]')?.dataset.index) !== globalThis.formerRow";
  const remember = "globalThis.formerRow = Number(document.querySelector('[data-row]')?.dataset.index);";
  for (let step = 1; step <= STEPS; step += 1) {
    const place = (step * 0.618_034) % 1;
    took.push(await timed(page, `${remember} const view = document.querySelector('.grid-view'); view.scrollTop = (view.scrollHeight - view.clientHeight) * ${place}`, drawn));
    await sleep(100);
  }
  for (const state of ['failed', 'completed', '']) {
    took.push(await timed(page, `document.querySelector('.grid-view').scrollTop = 0; location.hash = location.hash.replace(/&state=[a-z]*/, '') + '&state=${state}'`, "document.querySelectorAll('.grid-row.missing').length === 0 && document.querySelectorAll('[data-row]').length > 5"));
    await sleep(300);
  }
  return { stepMs: quantile(took, 0.5), stepWorstMs: quantile(took, 1) };
}

/** What the last row of the list is called, reached by the scroll bar alone. */
export async function lastRow({ page }: OpenPage): Promise<number> {
  await page.evaluate("const view = document.querySelector('.grid-view'); view.scrollTop = view.scrollHeight");
  await page.waitForFunction("document.querySelectorAll('.grid-row.missing').length === 0");
  return page.evaluate<number>("Math.max(...[...document.querySelectorAll('[data-row]')].map(({ dataset }) => Number(dataset.index)))");
}

/** The time between two frames while the page shows what changes: of 100 the longest, and the longest of all, ms. */
export async function frames({ page }: OpenPage): Promise<{ readonly frameP99Ms: number; readonly worstFrameMs: number }> {
  const gaps = await page.evaluate<number[]>(`new Promise((resolve) => {
    const found = [];
    const begun = performance.now();
    let before = begun;
    requestAnimationFrame(function frame(at) {
      found.push(at - before);
      before = at;
      if (at - begun > ${WATCHED_MS}) resolve(found.slice(1));
      else requestAnimationFrame(frame);
    });
  })`);
  return { frameP99Ms: quantile(gaps, 0.99), worstFrameMs: quantile(gaps, 1) };
}

/** From an act until what it leads to is on the screen, by the browser's clock, ms. Both are scripts of the page. */
function timed(page: Page, act: string, done: string): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve, reject) => {
    const begun = performance.now();
    ${act};
    requestAnimationFrame(function frame() {
      if (${done}) resolve(performance.now() - begun);
      else if (performance.now() - begun > ${LONGEST_MS}) reject(new Error('not within ${LONGEST_MS} ms: ' + location.hash + ', ' + document.querySelectorAll('[data-row]').length + ' rows, ' + document.querySelectorAll('.grid-row.missing').length + ' missing'));
      else requestAnimationFrame(frame);
    });
  })`);
}
