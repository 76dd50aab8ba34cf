import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { linarite, type Instance } from '../support/linarite.ts';

const CHROMIUM = '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);

/** Where pictures of the views go; none are taken when it is not set. */
const PICTURES = process.env['LINARITE_PAGE_PICTURES'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A busy machine answers later. */
const WITHIN_MS = 60_000;

/** A browser's window with what went wrong in it. */
export interface Window {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the console complained of, and requests to other hosts. */
  readonly complaints: string[];
}

/** `origin`: of the service; requests to any other are noted. */
export async function openWindow(browser: Browser, origin: string): Promise<Window> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', bypassCSP: false });
  context.setDefaultTimeout(WITHIN_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('blob:')) complaints.push(`request to ${request.url()}`);
  });
  return { context, page, complaints };
}

/** A link that signs in. */
export async function linkOf({ dataDir }: Instance, flags: readonly string[] = []): Promise<string> {
  const { stdout } = await linarite(['open', '--data-dir', dataDir, ...flags]);
  return stdout.trim();
}

/** What axe finds, a line each; its script comes by the debugger, which no policy of the page concerns. */
export async function accessibility(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }> } };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary ?? ''}`));
  });
  return found;
}

export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
