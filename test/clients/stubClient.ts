import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { stringsToSign } from '../../src/wire/sharedKey.ts';
import { linarite, until, type Instance } from '../support/linarite.ts';
import type { Exchange } from '../wire/fixtures.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
}

/** A service as the clients of recorded sessions ask it: with the credentials, ids and addresses that it gave them. */
export interface StubClient {
  /** Asks what was recorded; what goes on in the background is polled where the service says, to its end. */
  ask(exchange: Exchange): Promise<Answered>;
  /** Asks again until the answer is as wished. */
  untilIt(is: (answer: Answered) => boolean, exchange: Exchange): Promise<void>;
}

const RECORDED = { subscription: '00000000-0000-0000-0000-000000000001', tenant: '00000000-0000-0000-0000-0000000000aa', audience: 'https://management.core.example.test/' };
const OWN = { subscription: '11a12173-0000-4000-8000-000000000002', tenant: '11a12173-0000-4000-8000-000000000001' };
/**
 * The stub looked at no image, fetched no file and ran no command: here each pool has an image, files are there, and
 * tasks write what is read later.
 */
function runnable(endpoint: string): readonly (readonly [recorded: string, sent: string])[] {
  return [
    ['"offer":"x","sku":"y"', '"offer":"0001-com-ubuntu-server-jammy","sku":"22_04-lts"'],
    ['"http://x/y"', JSON.stringify(`${endpoint}/healthz`)],
    ['"commandLine":"true"', JSON.stringify({ commandLine: `/bin/sh -c 'echo hello; echo hello > "x y.txt"'` }).slice(1, -1)],
  ];
}
const POLLED = /perationResults\//;
const WITHIN_MS = 60_000;

export async function stubClient(instance: Instance): Promise<StubClient> {
  const { stdout } = await linarite(['env', '--service-principal', '--format', 'json', '--data-dir', instance.dataDir]);
  const { AZURE_BATCH_ENDPOINT: endpoint = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_SECRET = '', AZURE_BATCH_ACCOUNT = '', AZURE_BATCH_ACCESS_KEY = '' } = JSON.parse(stdout) as Readonly<Record<string, string>>;
  /** What the answers until now have told the client. */
  let [account, key] = [AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY];
  let next: string | undefined;
  let operation: string | undefined;
  const tokens = new Map<string, string>();

  async function send(method: string, url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answered> {
    const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request(`${endpoint}${url}`, { method, headers }, resolve).once('error', reject).end(body);
    });
    const said = await text(answer);
    const isJson = String(answer.headers['content-type']).startsWith('application/json') && said !== '';
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: isJson ? JSON.parse(said) : said };
  }

  async function token(audience: string): Promise<string> {
    const known = tokens.get(audience);
    if (known !== undefined) return known;
    const form = new URLSearchParams({ client_id: AZURE_CLIENT_ID, client_secret: AZURE_CLIENT_SECRET, grant_type: 'client_credentials', scope: `${audience}/.default` }).toString();
    const { body } = await send('POST', '/adfs/oauth2/token', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(Buffer.byteLength(form)) }, form);
    const { access_token: made } = body as { readonly access_token: string };
    tokens.set(audience, made);
    return made;
  }

  /** As the client that was recorded shows who it is: by a token or by a key. */
  async function authorization(scheme: string, method: string, url: string, headers: Readonly<Record<string, string>>): Promise<string> {
    if (scheme === 'Bearer') return `Bearer ${await token(url.startsWith('/subscriptions') ? 'https://management.core.windows.net/' : 'https://batch.core.windows.net/')}`;
    const [toSign = ''] = stringsToSign({ method, rawUrl: url, headers, bodyLength: Number(headers['content-length'] ?? 0) }, account);
    return `SharedKey ${account}:${createHmac('sha256', Buffer.from(key, 'base64')).update(toSign).digest('base64')}`;
  }

  async function sendRecorded(exchange: Exchange): Promise<Answered> {
    const { method, headers = {} } = exchange.request;
    const { url, body } = translated(exchange.request);
    const target = POLLED.test(url) ? (operation ?? url) : url.includes('$skiptoken') ? (next ?? url) : url;
    const { authorization: scheme, ...plain } = headers;
    const matched = plain['if-match'] === undefined ? {} : { 'if-match': await entityTag(target) };
    const sized = { ...plain, ...matched, ...(body === undefined ? (method === 'POST' ? { 'content-length': '0' } : {}) : { 'content-length': String(Buffer.byteLength(body)) }), 'ocp-date': new Date().toUTCString() };
    return send(method, target, scheme === undefined ? sized : { ...sized, authorization: await authorization(scheme, method, target, sized) }, body);
  }

  /** Of what is there now. */
  async function entityTag(url: string): Promise<string> {
    const { headers } = await sendRecorded({ name: url, request: { method: 'GET', url, headers: { authorization: 'SharedKey' } }, response: { status: 200, headers: {} } });
    return String(headers['etag']);
  }

  /** With what the service has in the place of the stub's. */
  function translated({ url, body }: Exchange['request']): { readonly url: string; readonly body: string | undefined } {
    if (typeof body === 'string') return { url: own(url), body: form(body) };
    const json = body === undefined ? undefined : runnable(endpoint).reduce((sent, [recorded, here]) => sent.replaceAll(recorded, here), own(JSON.stringify(body)));
    return { url: own(url), body: json };
  }

  function form(recorded: string): string {
    const values = new URLSearchParams(recorded);
    values.set('client_id', AZURE_CLIENT_ID);
    values.set('client_secret', AZURE_CLIENT_SECRET);
    values.set('scope', (values.get('scope') ?? '').replace(RECORDED.audience, 'https://management.core.windows.net/'));
    return values.toString();
  }

  function learn({ headers, body }: Answered): void {
    const where = headers['azure-asyncoperation'] ?? headers['location'];
    if (POLLED.test(String(where))) operation = pathOf(String(where));
    const said = (typeof body === 'object' ? body : null) as { readonly 'odata.nextLink'?: string; readonly accountName?: string; readonly primary?: string } | null;
    if (said?.['odata.nextLink'] !== undefined) next = pathOf(said['odata.nextLink']);
    if (said?.accountName !== undefined && said.primary !== undefined) [account, key] = [said.accountName, said.primary];
  }

  return {
    async ask(exchange) {
      const answer = await sendRecorded(exchange);
      learn(answer);
      const goesOn = answer.status === 202 && exchange.response.status !== 202;
      const where = answer.headers['azure-asyncoperation'] ?? answer.headers['location'];
      if (!goesOn || where === undefined) return answer;
      return until(`the end of ${exchange.name}`, WITHIN_MS, async () => {
        const polled = await send('GET', pathOf(String(where)), { authorization: `Bearer ${await token('https://management.core.windows.net/')}` });
        return polled.status === 202 ? undefined : polled;
      });
    },
    untilIt: async (is, exchange) => void (await until(`the state before ${exchange.name}`, WITHIN_MS, async () => (is(await sendRecorded(exchange)) ? true : undefined))),
  };
}

function own(recorded: string): string {
  return recorded.replaceAll(RECORDED.subscription, OWN.subscription).replaceAll(RECORDED.tenant, OWN.tenant);
}

function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '');
}

/** What the stub told and the answer does not, each in a few words. */
export function lacking(got: Answered, { request: { method, url }, response }: Exchange): string[] {
  const isAlike = response.status < 300 ? Math.floor(got.status / 100) === 2 : got.status === response.status;
  if (!isAlike) return [`status ${got.status}, not ${response.status} ${JSON.stringify(got.body).slice(0, 400)}`];
  // What goes on in the background has ended before the stub's did; the stub named a type of nothing.
  const told = Object.keys(response.headers).filter((name) => got.status === response.status && (name !== 'content-type' || response.body !== undefined));
  const headers = told.filter((name) => got.headers[name] === undefined).map((name) => `header ${name} missing`);
  if (method === 'HEAD') return headers;
  const [, selected] = /[?&]\$select=([^&]+)/.exec(url) ?? [];
  return [...headers, ...membersLacking(got.body, selected === undefined ? response.body : selectedOf(response.body, decodeURIComponent(selected).split(',')), '')];
}

/** The stub answers whole resources, whatever is selected. */
function selectedOf(list: unknown, names: readonly string[]): object {
  const { value, ...rest } = list as { readonly value: readonly object[] };
  return { ...rest, value: value.map((item) => Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)))) };
}

function membersLacking(got: unknown, told: unknown, at: string): string[] {
  if (told === undefined || told === null) return [];
  if (kindOf(got) !== kindOf(told)) return [`${at} is ${kindOf(got)}, not ${kindOf(told)}`];
  if (Array.isArray(got) && Array.isArray(told)) {
    return told.flatMap((item: unknown, index) => membersLacking(got.find((one) => nameOf(one) !== undefined && nameOf(one) === nameOf(item)) ?? got[index], item, `${at}[]`));
  }
  if (typeof told !== 'object') return [];
  const members = got as Readonly<Record<string, unknown>>;
  return Object.entries(told).flatMap(([name, value]) => {
    const path = at === '' ? name : `${at}.${name}`;
    return members[name] === undefined ? [`${path} missing`] : membersLacking(members[name], value, path);
  });
}

/** By which items of lists are paired. */
function nameOf(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return undefined;
  const { id, taskId, name } = item as Readonly<Record<string, unknown>>;
  return id ?? taskId ?? name;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
}
