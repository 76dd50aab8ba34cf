import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { hasChromium, launch, linkOf, openWindow, type Window } from './browser.ts';

/** A busy machine answers later. */
const NODE_MS = 60_000;
const POLL = { timeout: 30_000 };

describe.skipIf(!hasChromium)('tasks, nodes and pools on the page (needs Debian\'s chromium)', () => {
  let service: Instance;
  let client: SmallClient;
  let browser: Browser;
  let window: Window;
  let origin: string;
  let page: Page;
  const storage = createServer((request, response) => request.resume().on('end', () => response.writeHead(403).end()));

  beforeAll(async () => {
    [service, browser] = await Promise.all([startLinarite(), launch()]);
    const env = await service.env();
    origin = env.AZURE_BATCH_ENDPOINT;
    client = smallClient(origin, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    await client.call('POST', '/pools', { id: 'farm', ...LINUX, targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
    await client.call('POST', '/pools', { id: 'none', ...LINUX, targetDedicatedNodes: 0 });
    await client.call('POST', '/pools', { id: 'elastic', ...LINUX, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 0;' });
    for (const [id, poolId] of [['run', 'farm'], ['wait', 'none'], ['bare', 'none']]) await client.call('POST', '/jobs', { id, poolInfo: { poolId } });
    await client.call('POST', '/jobs/run/addtaskcollection', {
      value: [
        { id: 'bad', commandLine: '/bin/bash -c "seq -f line-%g 3000; exit 3"' },
        { id: 'good', commandLine: 'true' },
        // It ends well, and what it names cannot be put where it says.
        { id: 'unsaved', commandLine: 'true', outputFiles: [{ filePattern: '../stdout.txt', destination: { container: { containerUrl: `http://127.0.0.1:${await refuses()}/none?sv=x&sig=y` } }, uploadOptions: { uploadCondition: 'taskcompletion' } }] },
      ],
    });
    await client.call('POST', '/jobs/wait/addtaskcollection', { value: Array.from({ length: 30 }, (_value, at) => ({ id: `w-${String(at).padStart(2, '0')}`, commandLine: 'true' })) });
    await ended(3);
    window = await openWindow(browser, origin);
    page = window.page;
    await page.addInitScript('window.told = []; window.Notification = class { static permission = "granted"; static requestPermission() { return Promise.resolve("granted"); } constructor(title, { body }) { window.told.push(body); } addEventListener() {} };');
    await page.goto(await linkOf(service));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  }, 180_000);
  afterAll(async () => {
    client?.close();
    storage.close();
    await browser?.close();
    await service?.purge();
  });

  /** The port of a storage that puts nothing anywhere. */
  async function refuses(): Promise<number> {
    await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
    return (storage.address() as AddressInfo).port;
  }
  async function show(hash: string, text: string): Promise<void> {
    await page.goto(`${origin}/${hash}`);
    await page.reload();
    await page.getByText(text).first().waitFor();
  }
  async function said(text: string | RegExp): Promise<void> {
    await page.getByRole('status').getByText(text).last().waitFor();
  }
  function rowOf(id: string): Locator {
    return page.locator('.grid-row').filter({ has: page.getByRole('link', { name: id, exact: true }) });
  }
  async function ended(tasks: number): Promise<void> {
    await until(`${tasks} tasks to end`, NODE_MS * 2, async () => {
      const { taskCounts: counts } = (await client.call('GET', '/jobs/run/taskcounts')) as { readonly taskCounts: { readonly completed: number } };
      return counts.completed === tasks ? counts : undefined;
    }, 500);
  }
  async function tasksOf(filter: string): Promise<readonly string[]> {
    const { value } = (await client.call('GET', `/jobs/run/tasks?$filter=${encodeURIComponent(filter)}`)) as { readonly value: readonly { readonly id: string }[] };
    return value.map(({ id }) => id).toSorted();
  }

  test('each count of a job is the number of rows that its link leads to; one that ended well and could not save has failed', async () => {
    const failed = await tasksOf("executionInfo/result eq 'failure'");
    expect(failed).toEqual(['bad', 'unsaved']);
    for (const [word, filter] of [['failed', "executionInfo/result eq 'failure'"], ['succeeded', "executionInfo/result eq 'success'"]] as const) {
      const ids = await tasksOf(filter);
      await show('#/jobs/run', 'Attempts by node and slot');
      const figure = page.getByRole('region', { name: 'Progress' }).getByRole('link', { name: new RegExp(`${word}$`) });
      await expect.poll(() => figure.locator('b').innerText(), POLL).toContain(String(ids.length));
      await figure.click();
      await page.getByText(`${ids.length} ${ids.length === 1 ? 'task' : 'tasks'}`, { exact: true }).waitFor();
      for (const id of ids) await rowOf(id).waitFor();
    }
  });

  test('limits of chosen tasks are changed, and the address holds the choice for another browser', async () => {
    await show('#/jobs/wait?tab=tasks&sort=-id', 'w-29');
    await page.getByLabel('Select w-29').click();
    await page.getByLabel('Select w-28').click();
    await page.getByText('2 selected').waitFor();
    await expect.poll(() => page.url(), POLL).toMatch(/sel=.*w-28/);
    const other = await openWindow(browser, origin);
    await other.page.goto(await linkOf(service));
    await other.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await other.page.goto(page.url());
    await other.page.getByText('2 selected').waitFor();
    await expect.poll(() => other.page.getByLabel('Select w-28').isChecked(), POLL).toBe(true);
    await other.context.close();
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByRole('dialog').getByLabel(/^Retries/).fill('7');
    await page.getByRole('dialog').getByRole('button', { name: 'Go on…' }).click();
    await page.getByRole('dialog', { name: 'Change 2 tasks?' }).getByRole('button', { name: 'Change 2' }).click();
    await said('2 tasks are changed');
    const { constraints } = (await client.call('GET', '/jobs/wait/tasks/w-29')) as { readonly constraints: object };
    expect(constraints).toMatchObject({ maxTaskRetryCount: 7 });
  });

  test('while rows arrive the one under a resting pointer stays, what is gone is dimmed, and a click shows what is new', async () => {
    await show('#/jobs/wait?tab=tasks&sort=-id', 'w-29');
    const row = rowOf('w-25');
    await row.hover();
    // Within its list: what stands above may come later than the rows.
    const place = (): Promise<number> => row.evaluate((element) => element.getBoundingClientRect().top - (element.closest('.grid')?.getBoundingClientRect().top ?? 0));
    const before = await place();
    await client.call('POST', '/jobs/wait/addtaskcollection', { value: ['x-1', 'x-2', 'x-3'].map((id) => ({ id, commandLine: 'true' })) });
    await client.call('DELETE', '/jobs/wait/tasks/w-27');
    await page.locator('.grid-row.gone').filter({ hasText: 'w-27' }).waitFor();
    await page.getByRole('button', { name: /^\d+ new$/ }).waitFor();
    expect(await place()).toBeCloseTo(before, 0);
    expect(await rowOf('x-3').count()).toBe(0);
    await page.getByRole('button', { name: /^\d+ new$/ }).click();
    await rowOf('x-3').waitFor();
    await rowOf('w-27').waitFor({ state: 'detached' });
  });

  test('chosen tasks are ended and deleted, as many as the button says', async () => {
    await show('#/jobs/wait?tab=tasks&q=x-', 'x-1');
    await page.getByText('all 3', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Terminate…' }).click();
    await page.getByRole('dialog', { name: 'Terminate 3 tasks?' }).getByRole('button', { name: 'Terminate 3' }).click();
    await said('3 tasks are ended');
    await page.getByLabel('Select x-1').click();
    await page.getByLabel('Select x-3').click({ modifiers: ['Shift'] });
    await page.getByText('3 selected').waitFor();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog', { name: 'Delete 3 tasks?' }).getByRole('button', { name: 'Delete 3' }).click();
    await said('3 tasks are deleted');
    await page.getByText('No task is like this.').waitFor();
  });

  test('tasks are added by a sweep and as JSON', async () => {
    await show('#/jobs/bare', 'Attempts by node and slot');
    const add = async (fill: (dialog: Locator) => Promise<void>): Promise<void> => {
      await page.getByRole('button', { name: 'Add tasks…' }).click();
      const dialog = page.getByRole('dialog');
      await fill(dialog);
      await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    };
    await add(async (dialog) => dialog.getByLabel('To', { exact: true }).fill('4'));
    await said('4 tasks added');
    await add(async (dialog) => {
      await dialog.getByRole('button', { name: 'JSON' }).click();
      await dialog.getByLabel(/^One task/).fill('[{"id": "json-1", "commandLine": "true"}]');
    });
    await said('1 task added');
    await page.goto(`${origin}/#/jobs/bare?tab=tasks`);
    for (const id of ['task-1', 'task-4', 'json-1']) await rowOf(id).waitFor();
  });

  test('a file and a report are saved as they are, and a text is found in a log; the address finds it again', async () => {
    await show('#/jobs/run/tasks/bad?tab=files', 'stdout.txt');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download stdout.txt' }).click();
    expect(await readFile(await (await saved).path(), 'utf8')).toMatch(/^line-1\nline-2\n[^]*line-3000\n$/);
    await show('#/jobs/run', 'Attempts by node and slot');
    await page.getByRole('button', { name: 'More actions' }).click();
    const report = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Report (HTML)' }).click();
    expect(await readFile(await (await report).path(), 'utf8')).toContain('<h1>Report of job <bdi>run</bdi></h1>');
    await show('#/jobs/run/tasks/bad?file=stdout.txt', 'line-3000');
    await page.getByLabel('Find in the file').fill('line-150');
    await page.getByText('1 of 11').waitFor();
    await page.reload();
    await page.getByText('1 of 11').waitFor();
    expect(await page.getByLabel('Find in the file').inputValue()).toBe('line-150');
  });

  test('a timeline is marked to look at a part of it, the address holds the part, and a click opens a task', async () => {
    await show('#/jobs/run?tab=timeline', 'Attempts by node and slot');
    const chart = page.getByRole('img', { name: /attempts? in .* slots?/ });
    // What stands above may come later, and move it away from under the pointer.
    await expect.poll(async () => {
      const box = await chart.boundingBox();
      if (box === null) return false;
      const at = (share: number): [number, number] => [box.x + 84 + (box.width - 84) * share, box.y + 20];
      await page.mouse.move(...at(0.4));
      await page.mouse.down();
      await page.mouse.move(...at(0.6));
      await page.mouse.up();
      return page.getByRole('button', { name: 'All of the time' }).waitFor({ timeout: 3_000 }).then(() => true, () => false);
    }, POLL).toBe(true);
    await expect.poll(() => page.url()).toMatch(/window=\d+-\d+/);
    await page.getByRole('button', { name: 'All of the time' }).click();
    await chart.focus();
    // The part is shown until the whole is there, and may have no bar.
    const marked = async (): Promise<string | null> => {
      await page.keyboard.press('ArrowRight');
      return page.locator('.canvas-box [aria-live]').textContent();
    };
    await expect.poll(marked, POLL).toMatch(/ on node /);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url(), POLL).toMatch(/jobs\/run\/tasks\/|window=/);
  });

  test('a task is run again with other limits, its end is told by a notification, and its timeline has both attempts', async () => {
    await show('#/jobs/run/tasks/bad', 'failed');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('button', { name: 'Rerun with changes…' }).click();
    await page.getByRole('dialog').getByLabel(/^Retries/).fill('1');
    await page.getByRole('dialog').getByRole('button', { name: 'Rerun 1' }).click();
    await said('bad is run again');
    await page.goto(`${origin}/#/jobs/run`);
    await page.getByRole('button', { name: 'Notify me when run ends or fails' }).click();
    await expect.poll(() => page.evaluate('window.told.join()'), { timeout: NODE_MS }).toContain('run: all tasks have ended');
    const attempts = async (): Promise<number> => ((await client.call('GET', '/linarite/jobs/run/timeline')) as { readonly total: { readonly attempts: number } }).total.attempts;
    // Of the first, the one that was asked for, and its retry; and of two other tasks.
    await expect.poll(attempts, { timeout: NODE_MS }).toBe(5);
  });

  test('a node says what it uses, takes no tasks and takes them again, and restarts', async () => {
    const { value } = (await client.call('GET', '/pools/farm/nodes')) as { readonly value: readonly { readonly id: string }[] };
    const [{ id } = { id: '' }] = value;
    await show(`#/pools/farm/nodes/${id}`, 'slots 1–2 free');
    await page.getByRole('heading', { name: 'Processors' }).waitFor();
    await page.getByRole('list', { name: 'States over time' }).getByText(/^idle|^running/).first().waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Disable', exact: true }).click();
    await said('The node gets no more tasks');
    const state = async (): Promise<string> => ((await client.call('GET', `/pools/farm/nodes/${id}`)) as { readonly schedulingState: string }).schedulingState;
    await expect.poll(state, POLL).toBe('disabled');
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.locator('.menu').getByRole('button', { name: 'Enable', exact: true }).click();
    await expect.poll(state, POLL).toBe('enabled');
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByRole('button', { name: 'Reboot…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reboot' }).click();
    await said(/^Reboot:/);
  });

  test('a formula is stored from the pool, and a pool is deleted once its id is typed', async () => {
    await show('#/pools/elastic?tab=scaling', 'Formula');
    await page.getByRole('textbox', { name: 'Formula', exact: true }).fill('$TargetDedicatedNodes = 0; // kept');
    await page.getByRole('button', { name: 'Save…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Change', exact: true }).click();
    await said('The formula is stored and runs');
    expect(((await client.call('GET', '/pools/elastic')) as { readonly autoScaleFormula: string }).autoScaleFormula).toBe('$TargetDedicatedNodes = 0; // kept');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByLabel(/^Type/).fill('elastic');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await said('elastic is being deleted');
  });

  test('what is empty says so: a pool without nodes, a job without tasks', async () => {
    await show('#/pools/none', 'The pool has no nodes: its target is 0.');
    await client.call('POST', '/jobs', { id: 'empty', poolInfo: { poolId: 'none' } });
    await show('#/jobs/empty', 'No task has started yet.');
    await show('#/jobs/empty?tab=tasks', 'The job has no tasks.');
  });

  test('nothing went wrong in the browser meanwhile, and no other host was asked', () => {
    expect(window.complaints.filter((complaint) => !complaint.includes('the server responded with a status of'))).toEqual([]);
  });
});
