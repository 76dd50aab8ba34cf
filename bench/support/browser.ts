import { existsSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { chromium, type CDPSession, type Page } from 'playwright-core';
import { linarite } from '../../test/support/linarite.ts';

const CHROMIUM = '/usr/bin/chromium';
const DASHBOARD = resolve(import.meta.dirname, '../../dist/dashboard');
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const VIEWPORT = { width: 1280, height: 900 };

/** The page in a real browser, signed in. */
export interface OpenPage {
  readonly page: Page;
  /** Goes to a view by its fragment: `/jobs/J?tab=tasks`. */
  goTo(fragment: string): Promise<void>;
  /** What its heap holds after the garbage has been collected, MB. */
  heapMb(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens it at a service. One that runs from the sources hands out no page: then its files come from the build. Throws
 * where there is no Chromium, or no build.
 */
export async function openPage({ dataDir, endpoint }: { readonly dataDir: string; readonly endpoint: string }): Promise<OpenPage> {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}, which Debian has in its package chromium`);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const page = await (await browser.newContext({ viewport: VIEWPORT, deviceScaleFactor: 1 })).newPage();
  await page.route((url) => url.href.startsWith(endpoint) && (url.pathname === '/' || url.pathname.startsWith('/assets/')), (route) => {
    const path = new URL(route.request().url()).pathname;
    const file = join(DASHBOARD, path === '/' ? 'index.html' : path);
    return route.fulfill({ body: readFileSync(file), contentType: TYPES[extname(file)] ?? 'application/octet-stream' });
  });
  const link = (await linarite(['open', '--data-dir', dataDir])).stdout.trim().split('\n').at(-1) ?? '';
  await page.goto(link);
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  const tools = await page.context().newCDPSession(page);
  return {
    page,
    goTo: async (fragment) => void (await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`)),
    heapMb: () => heapMb(tools),
    close: () => browser.close(),
  };
}

/** Of scripts, and of the buffers beside it, which hold what was read of a log. */
async function heapMb(tools: CDPSession): Promise<number> {
  await tools.send('HeapProfiler.enable');
  await tools.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize } = await tools.send('Runtime.getHeapUsage');
  return (usedSize + backingStorageSize) / 1e6;
}
