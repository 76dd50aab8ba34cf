import { createServer, type Server } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';
import { startLinarite, type Instance } from '../support/linarite.ts';
import { accessibility, hasChromium, launch, linkOf, openWindow, type Window } from './browser.ts';

const JOBS = ['a-1', 'a-2', 'a-3', 'b-1'];

describe.skipIf(!hasChromium)('what is changed on the page (needs Debian\'s chromium)', () => {
  let service: Instance;
  let client: SmallClient;
  let browser: Browser;
  let window: Window;
  let origin: string;
  let page: Page;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startLinarite(['--webhook-private']), launch()]);
    const env = await service.env();
    origin = env.AZURE_BATCH_ENDPOINT;
    client = smallClient(origin, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    for (const id of ['p-1', 'p-2', 'p-3']) await client.call('POST', '/pools', { id, ...LINUX, targetDedicatedNodes: 0 });
    await client.call('POST', '/pools', { id: 'elastic', ...LINUX, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 0;' });
    for (const id of JOBS) await client.call('POST', '/jobs', { id, poolInfo: { poolId: 'p-1' } });
    await client.call('POST', '/jobschedules', { id: 'nightly', schedule: { recurrenceInterval: 'PT24H' }, jobSpecification: { poolInfo: { poolId: 'p-1' } } });
    window = await openWindow(browser, origin);
    page = window.page;
    await page.goto(await linkOf(service));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  });
  afterAll(async () => {
    client?.close();
    await browser?.close();
    await service?.purge();
  });

  async function show(hash: string, text: string): Promise<void> {
    await page.goto(`${origin}/${hash}`);
    await page.reload();
    await page.getByText(text).first().waitFor();
  }
  async function said(text: string | RegExp): Promise<void> {
    await page.getByRole('status').getByText(text).last().waitFor();
  }
  async function stateOf(path: string): Promise<string> {
    return ((await client.call('GET', path)) as { readonly state: string }).state;
  }

  test('jobs are chosen by keys, with shift all between, and disabled together; those that are it are left out', async () => {
    await show('#/jobs?state=all', 'a-1');
    await client.call('POST', '/jobs/a-2/disable', { disableTasks: 'wait' });
    await page.getByRole('row', { name: /a-2/ }).getByText('disabled').waitFor();
    await page.getByRole('row', { name: /a-1/ }).focus();
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Shift+X');
    await page.getByText('3 selected').waitFor();
    await page.getByRole('group', { name: 'With the selected jobs' }).getByRole('button', { name: 'Disable…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Disable 2 jobs?' });
    await dialog.getByText('Left out, since they are not active: 1').waitFor();
    await dialog.getByRole('button', { name: 'Disable 2' }).click();
    await said('2 jobs are disabled');
    for (const id of ['a-1', 'a-2', 'a-3']) await expect.poll(() => stateOf(`/jobs/${id}`)).toBe('disabled');
    expect(await stateOf('/jobs/b-1')).toBe('active');
  });

  test('a key that no g came before leads nowhere, in the first second of the page either', async () => {
    const fresh = await window.context.newPage();
    await fresh.addInitScript('performance.now = () => 1_000');
    await fresh.goto(`${origin}/#/pools`);
    await fresh.getByRole('row', { name: /p-1/ }).waitFor();
    await fresh.keyboard.press('j');
    await expect.poll(() => fresh.evaluate('document.activeElement.dataset.row !== undefined')).toBe(true);
    await fresh.getByRole('heading', { name: 'Pools', exact: true, level: 1 }).waitFor();
    await fresh.close();
  });

  test('several jobs go only once their number is typed', async () => {
    await show('#/jobs?state=all&q=a-', 'a-1');
    await page.getByLabel('Select all').click();
    await page.getByRole('group', { name: 'With the selected jobs' }).getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete 3 jobs?' });
    const button = dialog.getByRole('button', { name: 'Delete 3' });
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel('Type 3 jobs to go on').fill('3 jobs');
    await button.click();
    await said('3 jobs are being deleted');
    await page.getByRole('link', { name: 'a-1' }).waitFor({ state: 'detached' });
    expect(await stateOf('/jobs/b-1')).toBe('active');
  });

  test('pools that refuse are named with their reason, and tried again', async () => {
    await show('#/pools?q=p-', 'p-3');
    await page.getByLabel('Select all').click();
    await page.getByRole('button', { name: 'Scale by a formula…' }).click();
    await page.getByRole('dialog').getByLabel(/^Formula of each/).fill('$TargetDedicatedNodes = 0; // all');
    // For 30 s after this the pool refuses another formula: the two that follow come by then.
    await client.call('POST', '/pools/p-2/enableautoscale', { autoScaleFormula: '$TargetDedicatedNodes = 0;' });
    await page.getByRole('dialog').getByRole('button', { name: 'Scale 3' }).click();
    const refused = page.getByRole('dialog', { name: '2 of 3 pools scale by the formula' });
    await refused.getByText('p-2').waitFor();
    await refused.getByText(/TooManyEnableAutoScaleRequests/).waitFor();
    await refused.getByRole('button', { name: 'Try 1 again' }).click();
    await page.getByRole('dialog', { name: '0 of 1 pool scale by the formula' }).getByRole('button', { name: 'Cancel' }).click();
    expect(((await client.call('GET', '/pools/p-3')) as { readonly autoScaleFormula: string }).autoScaleFormula).toBe('$TargetDedicatedNodes = 0; // all');
  });

  test('pools keep their size and are resized together', async () => {
    await show('#/pools?q=p-', 'p-3');
    await page.getByLabel('Select p-1').click();
    await page.getByLabel('Select p-3').click();
    await page.getByRole('button', { name: 'Disable formula…' }).click();
    await page.getByRole('dialog', { name: 'Disable the formula of 2 pools?' }).getByRole('button', { name: 'Disable the formula of 2' }).click();
    await said('2 pools keep the size that they have');
    // The page knows of both.
    await page.getByRole('button', { name: 'Disable formula…', disabled: true }).waitFor();
    await page.getByRole('button', { name: 'Resize…' }).click();
    await page.getByRole('dialog').getByLabel('Dedicated nodes of each').fill('1');
    await page.getByRole('dialog').getByRole('button', { name: 'Resize 2' }).click();
    await said('2 pools are resized');
    await page.getByRole('row', { name: /p-3/ }).getByText(/^1/).first().waitFor();
  });

  test('a schedule says when its next job comes, shows those that it has made, and is changed', async () => {
    await show('#/schedules', 'nightly');
    await page.getByRole('link', { name: 'nightly', exact: true }).click();
    await page.getByText('until the next job').waitFor();
    await page.getByRole('link', { name: 'nightly:job-1' }).first().waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Disable', exact: true }).click();
    await said(/nightly is disabled/);
    await page.getByRole('main').getByRole('button', { name: 'Enable', exact: true }).click();
    await said('nightly is enabled');
    await page.keyboard.press('.');
    await page.getByRole('button', { name: 'Change…' }).click();
    await page.getByLabel(/^A job each/).fill('PT12H');
    await page.getByRole('dialog').getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByText('a job each PT12H').waitFor();
    const { schedule, jobSpecification } = (await client.call('GET', '/jobschedules/nightly')) as { readonly schedule: object; readonly jobSpecification: object };
    expect({ schedule, jobSpecification }).toMatchObject({ schedule: { recurrenceInterval: 'PT12H' }, jobSpecification: { poolInfo: { poolId: 'p-1' } } });
    await page.getByRole('link', { name: 'Events' }).last().click();
    await page.getByRole('cell', { name: 'schedule.disabled' }).first().waitFor();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('button', { name: 'Terminate…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Terminate' }).click();
    await page.getByText('completed').first().waitFor();
    await expect.poll(() => page.getByRole('main').getByRole('button', { name: /^(En|Dis)able$/ }).count()).toBe(0);
  });

  test('what is wrong with a formula stands where it is wrong, while it is typed', async () => {
    await show('#/playground?pool=elastic', '$TargetDedicatedNodes');
    const formula = page.getByRole('textbox', { name: 'Formula', exact: true });
    await expect.poll(() => formula.inputValue()).toBe('$TargetDedicatedNodes = 0;');
    await formula.fill('x = 1;\n$TargetDedicatedNodes = min(y, 3);');
    await page.getByRole('button', { name: 'Line 2, column 29.' }).click();
    await expect.poll(() => page.evaluate('document.activeElement.value?.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)')).toBe('y');
    await expect.poll(async () => {
      const [mark, box] = [await page.locator('.formula-marks .problem').boundingBox(), await formula.boundingBox()];
      return (mark?.y ?? 0) - (box?.y ?? 0);
    }).toBeCloseTo(5 + 18, 0);
    expect(await formula.getAttribute('aria-invalid')).toBe('true');
    await formula.fill('$TargetDedicatedNodes = $PendingTasks.GetSample(TimeInterval_Minute);');
    await page.locator('.formula-marks .warning').first().waitFor();
    await expect.poll(() => page.locator('.formula-marks .problem').count()).toBe(0);
  });

  test('a formula is tried on samples that are typed, taken from a file, and given out', async () => {
    await show('#/playground?samples=file', 'A line a moment');
    const samples = page.getByLabel(/^A line a moment/);
    await page.getByRole('textbox', { name: 'Formula', exact: true }).fill('$TargetDedicatedNodes = $ActiveTasks.GetSample(1);');
    await samples.fill('time,$ActiveTasks\n2026-11-20T12:00:00Z,7\n');
    const given = page.getByRole('row', { name: /TargetDedicatedNodes/ });
    await given.getByText('7', { exact: true }).waitFor();
    const file = join(service.dataDir, 'samples-of-a-test.csv');
    await writeFile(file, 'time,$ActiveTasks\n2026-11-20T12:00:00Z,9\n');
    await page.getByLabel('File of samples').setInputFiles(file);
    await given.getByText('9', { exact: true }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as CSV' }).click();
    expect(await readFile(await (await download).path(), 'utf8')).toBe('time,$ActiveTasks\n2026-11-20T12:00:00Z,9\n');
    await samples.fill('nothing');
    await page.getByRole('alert').getByText(/samples\.csv/).first().waitFor();
    window.complaints.splice(0);
    await page.getByLabel('Samples of').selectOption('elastic');
    await page.getByRole('button', { name: 'Edit' }).click();
    await expect.poll(() => page.getByLabel(/^A line a moment/).inputValue()).toMatch(/^time,\$ActiveTasks,/);
  });

  test('another size is tried on a load that is made up, and stands beside the pool as it is; the address asks the same again', async () => {
    await show('#/whatif?pool=p-1&tasks=40&duration=1min&targetDedicatedNodes=2', 'The load');
    const answered = page.waitForResponse(/linarite\/simulations/);
    await page.getByRole('button', { name: 'Simulate' }).click();
    const { pools } = (await (await answered).json()) as { readonly pools: readonly { readonly tasks: { readonly succeeded: number } }[] };
    expect(pools.map(({ tasks }) => tasks.succeeded)).toEqual([expect.any(Number), 40]);
    const table = page.getByRole('table', { name: 'What came of it' });
    await table.getByRole('row', { name: /tasks succeeded .* 40 / }).waitFor();
    await table.getByRole('row', { name: /^cost, at list prices/ }).waitFor();
    await page.getByRole('img', { name: 'Nodes of B and their target over time' }).waitFor();
    expect(await accessibility(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByLabel('Tasks', { exact: true }).fill('41');
    await expect.poll(() => page.url()).toContain('tasks=41');
  });

  test('a formula that is wrong, and a word that is none, are refused with their names', async () => {
    await show('#/whatif?pool=p-1&try=formula&tasks=5', 'The load');
    await page.getByRole('textbox', { name: 'Formula' }).fill('$TargetDedicatedNodes = ;');
    await page.getByRole('button', { name: 'Simulate' }).click();
    await page.getByRole('alert').getByText(/pools\[1\]\.formula/).first().waitFor();
    await page.getByRole('textbox', { name: 'Formula' }).fill('$TargetDedicatedNodes = 1;');
    await page.getByLabel(/^Each lasts/).fill('long');
    await page.getByRole('button', { name: 'Simulate' }).click();
    await page.getByRole('alert').getByText(/load\.duration/).first().waitFor();
  });

  describe('webhooks', () => {
    let receiver: Server;
    const got: string[] = [];
    beforeAll(async () => {
      receiver = createServer((request, response) => {
        request.on('data', (chunk: Buffer) => got.push(chunk.toString())).on('end', () => response.writeHead(204).end());
      });
      await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => receiver.close());

    test('are added with a secret that is shown once, tested, looked at, and deleted', async () => {
      const address = receiver.address();
      const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook?token=hidden`;
      await show('#/settings', 'Webhooks');
      await page.getByRole('button', { name: 'Add…' }).click();
      await page.getByLabel('Address').fill(url);
      await page.getByLabel(/^Kinds of events/).fill('job.created');
      await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
      await page.getByRole('dialog', { name: 'The webhook is added' }).getByText(/^whsec_/).waitFor();
      await page.getByRole('button', { name: 'I have it' }).click();
      const row = page.getByRole('row', { name: /job\.created/ });
      await row.getByText('enabled').waitFor();
      expect(await row.innerText()).not.toContain('hidden');
      await row.getByRole('button', { name: /^Actions on/ }).click();
      await page.getByRole('button', { name: 'Test' }).click();
      await said('Delivered: the address answered 204');
      expect(got.join('')).toContain('linarite.webhook.test');
      await row.getByRole('button', { name: /127\.0\.0\.1/ }).first().click();
      await client.call('POST', '/jobs', { id: 'heard', poolInfo: { poolId: 'p-1' } });
      await page.getByRole('row', { name: /job\.created.*204/ }).waitFor();
      await expect.poll(() => page.url()).toMatch(/webhook=\d+/);
      await row.getByRole('button', { name: /^Actions on/ }).click();
      await page.getByRole('button', { name: 'Delete…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByText('The account tells nobody of its events.').waitFor();
    });
  });

  test('a reader chooses nothing, and is shown webhooks and schedules as they are', async () => {
    const reader = await openWindow(browser, origin);
    await reader.page.goto(await linkOf(service, ['--reader']));
    await reader.page.getByRole('heading', { name: 'Overview' }).waitFor();
    for (const [hash, text] of [['#/jobs?state=all', 'b-1'], ['#/pools', 'p-1'], ['#/schedules/nightly', 'nightly:job-1'], ['#/settings', 'The account tells nobody']] as const) {
      await reader.page.goto(`${origin}/${hash}`);
      await reader.page.getByText(text).first().waitFor();
      expect(await reader.page.getByRole('checkbox').count()).toBe(0);
      expect(await reader.page.getByRole('button', { name: /Add…|Disable|Enable|Actions/ }).count()).toBe(0);
    }
    await reader.page.goto(`${origin}/#/playground?samples=file`);
    await reader.page.getByRole('row', { name: /TargetDedicatedNodes/ }).waitFor();
    expect(reader.complaints).toEqual([]);
    await reader.context.close();
  });

  test('nothing went wrong in the browser meanwhile, and no other host was asked', () => {
    // Browsers write each refusal to the console.
    expect(window.complaints.filter((complaint) => !complaint.includes('the server responded with a status of'))).toEqual([]);
  });
});
