import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSite } from '../scripts/site.ts';
import { accessibility, hasChromium, launch } from './dashboard/browser.ts';

describe.skipIf(!hasChromium)("the documentation's site in a browser (needs Debian's chromium)", () => {
  const { files } = makeSite();
  let directory: string;
  let browser: Browser;
  let server: Server;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-site-'));
    for (const [file, content] of files) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), content);
    }
    browser = await launch();
    server = createServer((request, response) => answer(request.url ?? '', response));
    await new Promise<void>((settle) => void server.listen(0, '127.0.0.1', settle));
  });
  afterAll(async () => {
    await browser.close();
    await new Promise((settle) => void server.close(settle));
    await rm(directory, { recursive: true });
  });

  function answer(url: string, response: ServerResponse): void {
    const path = url.split(/[?#]/)[0]?.replace(/^\/below\/a\/path\//, '') ?? '';
    const content = files.get(path === '' ? 'index.html' : path);
    const type = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml', png: 'image/png' }[path.split('.').at(-1) ?? ''] ?? 'text/html';
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': type }).end(content);
  }

  function places(): readonly { readonly name: string; readonly base: string }[] {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return [
      { name: 'as a file', base: `${pathToFileURL(directory).href}/` },
      { name: 'below a path of a static server', base: `http://127.0.0.1:${port}/below/a/path/` },
    ];
  }

  test('is searched and read as a file and below a path of any server, and asks nobody else', async () => {
    for (const { name, base } of places()) {
      const page = await browser.newPage();
      const elsewhere: string[] = [];
      const failed: string[] = [];
      page.on('request', (request) => (request.url().startsWith(base) ? undefined : elsewhere.push(request.url())));
      page.on('requestfailed', (request) => failed.push(request.url()));
      page.on('response', (response) => (response.status() < 400 ? undefined : failed.push(response.url())));
      page.on('pageerror', (error) => failed.push(String(error)));
      await page.goto(`${base}docs/tutorial.html`);
      await page.keyboard.press('/');
      await page.keyboard.type('well-known-key');
      await page.locator('#found a').first().waitFor();
      const links = await page.locator('#found a').evaluateAll((found) => found.map((link) => link.getAttribute('href')));
      expect(links, name).toContain('../docs/reference/command-line.html#linarite-up');
      await page.locator('#found a[href$="#linarite-up"]').click();
      await page.waitForURL(`${base}docs/reference/command-line.html#linarite-up`);
      expect(await page.locator('nav a[aria-current]').textContent(), name).toBe('Commands and options');
      await page.goto(`${base}index.html`);
      expect(await page.locator('main img').evaluateAll((images) => images.every((image) => 'naturalWidth' in image && Number(image.naturalWidth) > 0)), name).toBe(true);
      await page.fill('#search', 'xyzzy');
      await page.locator('#found .none').waitFor();
      expect({ elsewhere, failed }, name).toEqual({ elsewhere: [], failed: [] });
      await page.close();
    }
  });

  test('keeps nobody out who uses a keyboard or a screen reader', async () => {
    const page = await browser.newPage();
    for (const file of ['index.html', 'docs/tutorial.html', 'docs/reference/environment.html']) {
      await page.goto(`${pathToFileURL(directory).href}/${file}`);
      expect(await accessibility(page), file).toEqual([]);
    }
    await page.close();
  });

  test('fits a telephone', async () => {
    const page = await browser.newPage({ viewport: { width: 360, height: 700 } });
    for (const file of ['index.html', 'docs/compatibility.html', 'docs/reference/sizes.html', 'docs/operations.html']) {
      await page.goto(`${pathToFileURL(directory).href}/${file}`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), file).toBeLessThanOrEqual(360);
    }
    await page.close();
  });
});
