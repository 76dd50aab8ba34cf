import type { Browser, Locator, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { hasChromium, launch, linkOf, openWindow, type Window } from './browser.ts';

const SETTLES_MS = 6_000;
const WATCHED_MS = 16_000;

describe.skipIf(!hasChromium)('what the page is told (needs Debian\'s chromium)', () => {
  let service: Instance;
  let client: SmallClient;
  let browser: Browser;
  let window: Window;
  let origin: string;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startLinarite(), launch()]);
    const env = await service.env();
    origin = env.AZURE_BATCH_ENDPOINT;
    client = smallClient(origin, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    await client.call('POST', '/pools', { id: 'p', ...LINUX, targetDedicatedNodes: 0 });
    await client.call('POST', '/jobs', { id: 'j', poolInfo: { poolId: 'p' } });
    await client.call('POST', '/jobs/j/tasks', { id: 'first', commandLine: 'true' });
    window = await openWindow(browser, origin);
    await window.page.goto(await linkOf(service));
    await window.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterAll(async () => {
    client?.close();
    await browser?.close();
    await service?.purge();
  });

  function rowOf(page: Page, job: string): Locator {
    return page.getByRole('row').filter({ has: page.getByRole('link', { name: job, exact: true }) });
  }

  /**
   * Adds tasks to a job that the page knows `known` of, until it is told of more: nothing shows from when on it is
   * told, and of what was before that it asks.
   */
  async function addUntilTold(row: Locator, job: string, known: number): Promise<void> {
    let added = 0;
    await until('the row tells of a further task', 60_000, async () => {
      await client.call('POST', `/jobs/${job}/tasks`, { id: `added-${(added += 1)}`, commandLine: 'true' });
      return row.getByText(`of ${known}`, { exact: true }).waitFor({ state: 'hidden', timeout: 3_000 }).then(() => true, () => undefined);
    });
  }

  test('counts of jobs in a list come as they change, without being asked for', async () => {
    const page = await window.context.newPage();
    await page.goto(`${origin}/#/jobs`);
    const row = rowOf(page, 'j');
    await row.getByText('of 1').waitFor();
    await page.route('**/taskcounts*', () => undefined);
    await addUntilTold(row, 'j', 1);
    await page.close();
  });

  test('a job that is new is in the list, and its counts are told as well', async () => {
    const page = await window.context.newPage();
    await page.goto(`${origin}/#/`);
    await rowOf(page, 'j').waitFor();
    await client.call('POST', '/jobs', { id: 'new', poolInfo: { poolId: 'p' } });
    const row = rowOf(page, 'new');
    await row.getByText('of 0').waitFor();
    await page.route('**/taskcounts*', () => undefined);
    await addUntilTold(row, 'new', 0);
    await page.close();
  });

  test.each([
    ['the overview', '#/', 'Active jobs'],
    ['jobs', '#/jobs', 'Jobs that are active'],
    ['pools', '#/pools', 'Pools'],
    ['tasks of a job', '#/jobs/j?tab=tasks', 'Command line'],
  ])('while nothing happens %s are not asked for again', async (_what, hash, shows) => {
    const page = await window.context.newPage();
    await page.clock.install();
    const asked: string[] = [];
    let underWay = 0;
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      asked.push(pathname);
      if (pathname !== '/linarite/events') underWay += 1;
    });
    for (const ended of ['requestfinished', 'requestfailed'] as const) page.on(ended as 'requestfinished', (request) => {
      if (!request.url().includes('/linarite/events')) underWay -= 1;
    });
    const follows = page.waitForResponse(/form=page/);
    await page.goto(`${origin}/${hash}`);
    await page.getByText(shows).first().waitFor();
    await follows;
    await page.clock.runFor(SETTLES_MS);
    // What a job waits for is worked out, and tasks that are not taken in yet are in its counts alone.
    const isAskedAnyway = (path: string): boolean => path.startsWith('/linarite/explain') || path === '/jobs/j/taskcounts' || path === '/linarite/events';
    // Until its stream has begun, which does not show, a page asks with each beat; and at times it does all the same.
    await until('a while without a question', 60_000, async () => {
      // In two looks: an answer may have the page ask for more.
      let looks = 0;
      await expect.poll(() => (looks = underWay === 0 ? looks + 1 : 0), { interval: 200 }).toBeGreaterThanOrEqual(2);
      asked.splice(0);
      await page.clock.runFor(WATCHED_MS);
      return asked.every(isAskedAnyway) || undefined;
    });
    await page.close();
  });

  test('three windows follow at most, and the others ask: each is told what happens', async () => {
    const pages = await Promise.all(Array.from({ length: 5 }, () => window.context.newPage()));
    const streams = new Set<Request>();
    await client.call('POST', '/jobs', { id: 'windows', poolInfo: { poolId: 'p' } });
    for (const page of pages) {
      page.on('request', (request) => {
        if (request.url().includes('form=page')) streams.add(request);
      });
      // One that breaks off is begun anew.
      for (const ended of ['requestfinished', 'requestfailed'] as const) page.on(ended as 'requestfinished', (request) => {
        streams.delete(request);
      });
      await page.goto(`${origin}/#/jobs`);
      await rowOf(page, 'windows').waitFor();
    }
    await client.call('POST', '/jobs/windows/tasks', { id: 'one', commandLine: 'true' });
    for (const page of pages) await rowOf(page, 'windows').getByText('of 1').waitFor();
    await expect.poll(() => streams.size).toBeGreaterThan(0);
    expect(streams.size).toBeLessThanOrEqual(3);
    for (const page of pages) await page.close();
  });

  test('a window that is opened later has the events that another has heard', async () => {
    const page = await window.context.newPage();
    await page.goto(`${origin}/#/`);
    await page.getByRole('region', { name: 'Latest events' }).getByText('job.created').first().waitFor();
    await page.close();
  });

  test('events of tasks stand in the list of events, the newest first', async () => {
    const page = await window.context.newPage();
    await page.goto(`${origin}/#/events?job=j`);
    await page.getByRole('cell', { name: 'task.created' }).first().waitFor();
    await client.call('POST', '/jobs/j/terminate', {});
    await page.getByRole('row').nth(1).getByText('job.completed').waitFor();
    await page.close();
  });

  test('nothing went wrong in the browser meanwhile', () => {
    expect(window.complaints).toEqual([]);
  });
});
