import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { accessibility, hasChromium, launch, linkOf, openWindow, picture, type Window } from './browser.ts';

/** What would run, were it ever more than text: markup, a link of a terminal, a mark that turns text around. */
const HOSTILE = '<img src=x onerror=alert(1)>';
/** The task writes some lines a second; the browser has a busy machine to share. */
const GROWS_WITHIN = { timeout: 15_000 };
const NODES = 2;
const FAILING = 3;

const VIEWS = [
  { name: 'overview', hash: '#/', shows: 'Active jobs' },
  { name: 'jobs', hash: '#/jobs', shows: 'render' },
  { name: 'job', hash: '#/jobs/render', shows: 'Attempts by node and slot' },
  { name: 'tasks', hash: '#/jobs/render?tab=tasks', shows: 'Command line' },
  { name: 'graph', hash: '#/jobs/render?tab=graph', shows: 'Dependencies' },
  { name: 'graph-group', hash: '#/jobs/render?tab=graph&group=good-2', shows: 'Tasks like good-2' },
  { name: 'graph-list', hash: '#/jobs/render?tab=graph&as=list', shows: 'Wait for' },
  { name: 'timeline', hash: '#/jobs/render?tab=timeline', shows: 'Attempts by node and slot' },
  { name: 'timeline-table', hash: '#/jobs/render?tab=timeline&as=table', shows: 'From about' },
  { name: 'job-nodes', hash: '#/jobs/render?tab=nodes', shows: 'Preparation and release by node' },
  { name: 'job-events', hash: '#/jobs/render?tab=events', shows: 'task.created' },
  { name: 'job-definition', hash: '#/jobs/render?tab=definition', shows: 'usesTaskDependencies' },
  { name: 'task', hash: '#/jobs/render/tasks/bad-1', shows: 'out of memory' },
  { name: 'history', hash: '#/jobs/render/tasks/bad-1?tab=history', shows: 'Cause' },
  { name: 'files', hash: '#/jobs/render/tasks/bad-1?tab=files', shows: 'stderr.txt' },
  { name: 'command', hash: '#/jobs/render/tasks/bad-1?tab=command', shows: 'API_TOKEN' },
  { name: 'dependencies', hash: '#/jobs/render/tasks/after?tab=dependencies', shows: 'good-1' },
  { name: 'task-definition', hash: '#/jobs/render/tasks/bad-1?tab=definition', shows: 'commandLine' },
  { name: 'node', hash: '#/pools/farm/nodes/NODE', shows: 'States of the last day' },
  { name: 'node-start', hash: '#/pools/farm/nodes/NODE?tab=start', shows: 'The pool has no start task' },
  { name: 'node-files', hash: '#/pools/farm/nodes/NODE?tab=files', shows: 'workitems/' },
  { name: 'node-events', hash: '#/pools/farm/nodes/NODE?tab=events', shows: 'node.running' },
  { name: 'node-definition', hash: '#/pools/farm/nodes/NODE?tab=definition', shows: 'affinityId' },
  { name: 'pools', hash: '#/pools', shows: 'farm' },
  { name: 'pool', hash: '#/pools/farm', shows: 'Targets and what came of them' },
  { name: 'formula', hash: '#/pools/farm?tab=scaling', shows: 'Formula' },
  { name: 'pool-table', hash: '#/pools/farm?as=table', shows: 'dedicated' },
  { name: 'pool-jobs', hash: '#/pools/farm?tab=jobs', shows: 'render' },
  { name: 'pool-errors', hash: '#/pools/farm?tab=errors', shows: 'The last resize had no errors.' },
  { name: 'pool-cost', hash: '#/pools/farm?tab=cost', shows: 'By pool and size' },
  { name: 'pool-events', hash: '#/pools/farm?tab=events', shows: 'pool.created' },
  { name: 'pool-definition', hash: '#/pools/farm?tab=definition', shows: 'allocationState' },
  { name: 'schedules', hash: '#/schedules', shows: 'Job schedules' },
  { name: 'schedule', hash: '#/schedules/nightly', shows: 'until the next job' },
  { name: 'cost', hash: '#/cost', shows: 'By pool and size' },
  { name: 'cost-job', hash: '#/cost?by=job', shows: 'by job' },
  { name: 'cost-day', hash: '#/cost?by=day', shows: 'by day' },
  { name: 'events', hash: '#/events', shows: 'Events' },
  { name: 'events-at', hash: '#/events?at=2000-01-01T00:00:00Z&kind=job', shows: 'job.created' },
  { name: 'whatif', hash: '#/whatif?pool=farm', shows: 'The load' },
  { name: 'playground', hash: '#/playground', shows: 'What it gives' },
  { name: 'samples', hash: '#/playground?samples=file', shows: 'A line a moment' },
  { name: 'settings', hash: '#/settings?webhook=1', shows: 'Deliveries' },
] as const;

describe.skipIf(!hasChromium)('the page in a browser (needs Debian\'s chromium)', () => {
  let service: Instance;
  let client: SmallClient;
  let browser: Browser;
  let window: Window;
  let origin: string;
  let node: string;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startLinarite(), launch()]);
    const env = await service.env();
    origin = env.AZURE_BATCH_ENDPOINT;
    client = smallClient(origin, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    await client.call('POST', '/pools', { id: 'farm', ...LINUX, targetDedicatedNodes: NODES, taskSlotsPerNode: 2 });
    await client.call('POST', '/pools', { id: 'elastic', ...LINUX, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 0;' });
    await client.call('POST', '/jobschedules', { id: 'nightly', schedule: { recurrenceInterval: 'PT24H', doNotRunUntil: '2100-01-01T00:00:00Z' }, jobSpecification: { poolInfo: { poolId: 'farm' } } });
    await client.call('POST', '/linarite/webhooks', { url: 'https://hooks.invalid/', on: ['job.deleted'] });
    await client.call('POST', '/jobs', { id: 'render', usesTaskDependencies: true, poolInfo: { poolId: 'farm' } });
    const say = `printf '%s\\n' '${HOSTILE}'; printf '\\033]8;;javascript:alert(1)\\007a link\\033]8;;\\007 \\342\\200\\256turned\\n'`;
    await client.call('POST', '/jobs/render/addtaskcollection', {
      value: [
        ...[1, 2, 3, 4, 5, 6].map((n) => ({ id: `good-${n}`, commandLine: `/bin/bash -c "echo done ${n}"` })),
        ...[1, 2, 3].map((n) => ({ id: `bad-${n}`, commandLine: '/bin/bash -c "echo out of memory >&2; exit 137"', environmentSettings: [{ name: 'API_TOKEN', value: 'hunter2' }] })),
        { id: 'after', commandLine: 'true', dependsOn: { taskIds: ['good-1'] } },
        { id: 'large', commandLine: 'true', requiredSlots: 4 },
        { id: 'hostile', displayName: HOSTILE, commandLine: `/bin/bash -c '${say.replaceAll("'", String.raw`'\''`)}'` },
        { id: 'ticker', commandLine: "/bin/bash -c 'for i in {1..3000}; do echo line $i; sleep 0.1; done'" },
      ],
    });
    await until('the tasks to end', 60_000, async () => {
      const { taskCounts } = (await client.call('GET', '/jobs/render/taskcounts')) as { readonly taskCounts: { readonly failed: number; readonly succeeded: number } };
      return taskCounts.failed === FAILING && taskCounts.succeeded >= 8 ? taskCounts : undefined;
    });
    const { nodeInfo } = (await client.call('GET', '/jobs/render/tasks/ticker')) as { readonly nodeInfo: { readonly nodeId: string } };
    node = nodeInfo.nodeId;
    window = await openWindow(browser, origin);
  });
  afterAll(async () => {
    client?.close();
    await browser?.close();
    await service?.purge();
  });

  async function show(hash: string, text: string): Promise<void> {
    await window.page.goto(`${origin}/${hash}`);
    await window.page.getByText(text).first().waitFor();
  }

  test('a link signs in, leaves the address at once, and signs nobody in a second time', async () => {
    const link = await linkOf(service);
    const { page } = window;
    await page.goto(link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await expect.poll(() => page.url()).toBe(`${origin}/#/`);
    const other = await openWindow(browser, origin);
    await other.page.goto(link);
    await other.page.getByText('The link has been used').waitFor();
    expect(await other.page.getByRole('heading', { name: 'Overview' }).count()).toBe(0);
    await other.context.close();
  });

  test('a key of the account signs in as well, by a form that is open to all', async () => {
    const { AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = await service.env();
    const other = await openWindow(browser, origin);
    await other.page.goto(origin);
    await other.page.getByText('linarite open').waitFor();
    expect(await accessibility(other.page)).toEqual([]);
    await other.page.getByLabel('Account').fill(account);
    await other.page.getByLabel('Key').fill(key);
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(await other.page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])')).not.toContain(key);
    await other.context.close();
  });

  test.each(VIEWS)('$name stands in both themes and at 360 pixels, open to all', async ({ name, hash, shows }) => {
    const { page } = window;
    for (const theme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme: theme === 'dark' ? 'dark' : 'light' });
      await show(hash.replace('NODE', node), shows);
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      expect(await accessibility(page)).toEqual([]);
      await picture(page, `${name}-${theme}`);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await picture(page, `${name}-360`);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('two clicks from the overview stands what a failed task said last', async () => {
    const { page } = window;
    await show('#/', 'Active jobs');
    await page.getByRole('row', { name: /render/ }).getByRole('link', { name: String(FAILING) }).click();
    await page.getByRole('link', { name: 'bad-2' }).click();
    await page.getByText('out of memory').first().waitFor();
  });

  test('what tasks are called and say is text', async () => {
    const { page } = window;
    await show('#/jobs/render/tasks/hostile', HOSTILE);
    const log = page.getByRole('log');
    expect(await log.innerText()).toContain('a link ⟨U+202E⟩turned');
    expect(await page.locator('main img, main a[href^="javascript:"]').count()).toBe(0);
  });

  test('a log grows while its task runs, stays where somebody reads, and follows again', async () => {
    const { page } = window;
    await show('#/jobs/render/tasks/ticker', 'line 1');
    const log = page.getByRole('log');
    const last = async (): Promise<string> => (await log.innerText()).trim().split('\n').at(-1) ?? '';
    const before = await last();
    await expect.poll(last, GROWS_WITHIN).not.toBe(before);
    await log.evaluate((element) => element.scrollTo({ top: 0 }));
    await page.getByText(/\d new lines/).waitFor();
    expect(await log.evaluate((element) => element.scrollTop)).toBe(0);
    await page.getByText(/\d new lines/).click();
    await expect.poll(() => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(5);
  });

  test('the failed task is found and its log read by keyboard alone; ? lists the keys', async () => {
    const { page } = window;
    await show('#/', 'Active jobs');
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('next and previous row').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
    await page.getByRole('link', { name: 'render' }).first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'render' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('render/bad-1');
    await page.getByRole('option', { name: /bad-1/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('out of memory').first().waitFor();
    await page.keyboard.press('u');
    await page.getByRole('heading', { name: 'render' }).waitFor();
  });

  test('those that failed are run again, as many as the button says', async () => {
    const { page } = window;
    await show('#/jobs/render', `${FAILING} tasks failed.`);
    await page.getByRole('button', { name: `Rerun ${FAILING}…` }).click();
    await page.getByRole('dialog', { name: `Rerun ${FAILING} tasks?` }).getByRole('button', { name: `Rerun ${FAILING}` }).click();
    await page.getByRole('status').getByText(`${FAILING} tasks are run again`).waitFor();
    await until('them to fail again', 60_000, async () => {
      const { taskCounts } = (await client.call('GET', '/jobs/render/taskcounts')) as { readonly taskCounts: { readonly failed: number } };
      return taskCounts.failed === FAILING ? taskCounts : undefined;
    });
  });

  test('a task that can never start does after what the page offers for it', async () => {
    const { page } = window;
    await show('#/jobs/render/tasks/large', 'It can never start.');
    await page.getByRole('button', { name: /^Need 2 slots instead/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^Need 2 slots instead/ }).click();
    await page.getByText('succeeded').first().waitFor();
  });

  test('a pool is resized, and its map shows each node', async () => {
    const { page } = window;
    await show('#/pools/farm', 'Dedicated');
    await page.getByRole('button', { name: 'Resize…' }).click();
    await page.getByRole('dialog').getByLabel('Dedicated nodes', { exact: true }).fill(String(NODES + 1));
    await page.getByRole('dialog').getByRole('button', { name: 'Resize' }).click();
    await page.getByRole('status').getByText('farm is resized to 3').waitFor();
    await page.getByRole('img', { name: /^3 dedicated nodes/ }).waitFor();
  });

  test('all times are those of UTC after one click, on the next visit too', async () => {
    const { page } = window;
    await show('#/settings', 'This browser');
    await page.getByRole('group', { name: 'Time zone' }).getByRole('button', { name: 'UTC' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Time zone: UTC' }).waitFor();
  });

  test('a reader sees all and is offered nothing that changes it', async () => {
    const reader = await openWindow(browser, origin);
    await reader.page.goto(await linkOf(service, ['--reader']));
    await reader.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await reader.page.goto(`${origin}/#/jobs/render`);
    await reader.page.getByText('Attempts by node and slot').waitFor();
    expect(await reader.page.getByRole('button', { name: /Rerun|Add tasks|Disable|More actions/ }).count()).toBe(0);
    await reader.context.close();
  });

  test('what is not there says so, with a next step', async () => {
    await show('#/jobs/nowhere', 'It was deleted, or never existed.');
    // Browsers write each refusal to the console.
    expect(window.complaints.splice(0).filter((complaint) => !complaint.includes('404'))).toEqual([]);
  });

  test('nothing went wrong in the browser meanwhile, and no other host was asked', () => {
    expect(window.complaints).toEqual([]);
  });
});
