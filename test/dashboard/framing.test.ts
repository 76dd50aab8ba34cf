import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testApi, type TestApi } from '../api/support.ts';
import { hasChromium, launch } from './browser.ts';

describe.skipIf(!hasChromium)('another site in a browser (needs Debian\'s chromium)', () => {
  let it: TestApi;
  let service: Server;
  let site: Server;
  let browser: Browser;
  const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listening = async (server: Server): Promise<Server> => {
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return server;
  };
  beforeAll(async () => {
    it = await testApi();
    service = await listening(createServer(it.api.handler));
    site = await listening(
      createServer(({ url = '/' }, response) => {
        const framed = url === '/framing' ? `${originOf(service)}/` : '/plain';
        response.setHeader('content-type', 'text/html');
        response.end(url === '/plain' ? '<p>its own</p>' : `<iframe src="${framed}"></iframe>`);
      }),
    );
    browser = await launch();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    for (const server of [site, service]) {
      server?.closeAllConnections();
      server?.close();
    }
    await it?.close();
  });

  test('frames pages of its own, and not that of the service', async () => {
    const page = await browser.newPage();
    await page.goto(`${originOf(site)}/own`);
    await page.frameLocator('iframe').getByText('its own').waitFor();
    const refused = page.waitForEvent('console', { predicate: (message) => /frame-ancestors/.test(message.text()), timeout: 30_000 });
    await page.goto(`${originOf(site)}/framing`);
    expect((await refused).text()).toContain(originOf(service));
    expect(page.frames().map((frame) => frame.url())).not.toContain(`${originOf(service)}/`);
  }, 60_000);
});
