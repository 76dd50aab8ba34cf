import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINUX, smallClient } from '../support/smallClient.ts';
import { linarite, startLinarite, type Instance } from '../support/linarite.ts';
import { hasChromium, launch, linkOf, openWindow } from './browser.ts';

describe.skipIf(!hasChromium)('the page while its service is away (needs Debian\'s chromium)', () => {
  let service: Instance;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([startLinarite(), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.purge();
  });

  test('says so and keeps what it shows, and catches up by itself and in place once the service is back', async () => {
    const { AZURE_BATCH_ENDPOINT: origin, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = await service.env();
    const client = smallClient(origin, account, key);
    await client.call('POST', '/pools', { id: 'none', ...LINUX, targetDedicatedNodes: 0 });
    await client.call('POST', '/jobs', { id: 'j', poolInfo: { poolId: 'none' } });
    await client.call('POST', '/jobs/j/tasks', { id: 'first', commandLine: 'true' });
    const { page, context } = await openWindow(browser, origin);
    await page.goto(await linkOf(service));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.goto(`${origin}/#/jobs`);
    await page.getByText('of 1').waitFor();
    await page.evaluate('window.kept = "the same page"');
    await linarite(['down', '--data-dir', service.dataDir]);
    await page.getByRole('status', { name: /^Not connected for/ }).waitFor();
    expect(await page.getByText('of 1').count()).toBe(1);
    await service.up();
    await page.getByRole('status', { name: 'Live' }).waitFor();
    const back = smallClient(origin, account, key);
    await back.call('POST', '/jobs/j/tasks', { id: 'second', commandLine: 'true' });
    await page.getByText('of 2').waitFor();
    expect(await page.evaluate('window.kept')).toBe('the same page');
    client.close();
    back.close();
    await context.close();
  }, 180_000);
});
