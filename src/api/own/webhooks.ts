/** Our own operations on webhooks, which tell others of an account's events (docs/events.md). */
import { isIP } from 'node:net';
import { lockAccount } from '../../store/intents/accounts.ts';
import { deliveriesOf, enableWebhook, findWebhook, insertWebhook, listWebhooks, removeWebhook, type DeliveryRow, type WebhookRow } from '../../store/intents/webhooks.ts';
import { transaction, type Database } from '../../store/intents/statement.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import { param, type Parts } from '../call.ts';
import type { CloudEvent } from '../events/cloudEvent.ts';
import { isKindSelector, type Selection } from '../events/selection.ts';
import { isPublic } from '../webhooks/addresses.ts';
import { postMessage } from '../webhooks/message.ts';
import { isSecret, newSecret } from '../webhooks/signature.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const webhookOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/webhooks', right: 'read', of: 'account', run: list },
  { method: 'POST', path: '/linarite/webhooks', right: 'write', of: 'account', body: true, run: add },
  { method: 'GET', path: '/linarite/webhooks/{webhookId}', right: 'read', of: 'account', run: show },
  { method: 'DELETE', path: '/linarite/webhooks/{webhookId}', right: 'write', of: 'account', run: remove },
  { method: 'POST', path: '/linarite/webhooks/{webhookId}/enable', right: 'write', of: 'account', run: enable },
  { method: 'POST', path: '/linarite/webhooks/{webhookId}/test', right: 'write', of: 'account', run: tryOut },
];

const MOST_AN_ACCOUNT = 20;
const LONGEST_URL = 2_048;
const PROPERTIES = ['url', 'on', 'pool', 'job', 'secret'];

async function list({ account }: OwnCall, { database }: Parts): Promise<Answer> {
  return json(200, { value: (await listWebhooks(database, account)).map(shown) });
}

async function show(call: OwnCall, { database }: Parts): Promise<Answer> {
  const webhook = await existing(call, database);
  return json(200, { ...shown(webhook), deliveries: (await deliveriesOf(database, webhook.webhook)).map(shownDelivery) });
}

/** The answer is the only one that has the secret. It hears of what is committed from now on. */
async function add(call: OwnCall, { database, sealing, tails, webhooks }: Parts): Promise<Answer> {
  const { account, now } = call;
  const { url, selection, secret } = readWebhook(await call.json(), webhooks.mayBePrivate);
  const position = await tails.now(account);
  const added = await transaction(database, async (tx) => {
    await lockAccount(tx, account);
    if ((await listWebhooks(tx, account)).length >= MOST_AN_ACCOUNT) throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: `The account has ${MOST_AN_ACCOUNT} webhooks already.` }]);
    const number = await insertWebhook(tx, { account, url, selection: JSON.stringify(selection), secret: sealing.seal({ secret }), createdAt: now, ...position });
    return findWebhook(tx, account, number);
  });
  if (added === null) throw new Error('the webhook that was added is not there');
  return json(201, { ...shown(added), secret });
}

async function remove(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { webhook } = await existing(call, database);
  await removeWebhook(database, call.account, webhook);
  return { status: 204, headers: {}, body: null };
}

/** One that was disabled goes on where it was. */
async function enable(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { webhook } = await existing(call, database);
  await enableWebhook(database, call.account, webhook);
  return json(200, shown(await existing(call, database)));
}

/** One attempt to deliver something made up, at once. */
async function tryOut(call: OwnCall, { database, sealing, webhooks, wallClock }: Parts): Promise<Answer> {
  const webhook = await existing(call, database);
  const event: CloudEvent = { specversion: '1.0', id: `test-${call.now}`, source: `/accounts/${webhook.accountName}`, type: 'linarite.webhook.test', time: formatTimestamp(call.now), datacontenttype: 'application/json', data: { message: 'A test of this webhook.' } };
  const { secret } = sealing.open(webhook.secret) as { readonly secret: string };
  const { status, error } = await postMessage({ url: webhook.url, secret, event, now: wallClock(), mayBePrivate: webhooks.mayBePrivate, signal: call.signal });
  return json(200, { delivered: error === null, status, error });
}

async function existing(call: OwnCall, database: Database): Promise<WebhookRow> {
  const text = param(call, 'webhookId');
  const webhook = /^\d{1,15}$/.test(text) ? await findWebhook(database, call.account, Number(text)) : null;
  if (webhook === null) throw new BatchError('ResourceNotFound', [{ key: 'Reason', value: 'There is no such webhook.' }]);
  return webhook;
}

function shown({ webhook, url, selection, createdAt, failingSince, attempts, nextAt, disabledAt, disabledReason }: WebhookRow): object {
  const { kinds, pool, job } = JSON.parse(selection) as Selection;
  return {
    id: String(webhook),
    url: withoutValues(url),
    on: kinds ?? [],
    ...(pool === undefined ? {} : { pool }),
    ...(job === undefined ? {} : { job }),
    state: disabledAt === null ? 'enabled' : 'disabled',
    ...(disabledAt === null ? {} : { disabledTime: formatTimestamp(disabledAt), disabledReason }),
    ...(failingSince === null || disabledAt !== null ? {} : { failingSince: formatTimestamp(failingSince), failures: attempts, nextAttemptTime: formatTimestamp(nextAt) }),
    creationTime: formatTimestamp(createdAt),
  };
}

/** What stands in a query is often a key. */
function withoutValues(url: string): string {
  const { origin, pathname, searchParams } = new URL(url);
  const names = [...searchParams.keys()].map((name) => `${encodeURIComponent(name)}=…`);
  return `${origin}${pathname}${names.length === 0 ? '' : `?${names.join('&')}`}`;
}

function shownDelivery({ event, type, at, attempt, tookMs, status, error }: DeliveryRow): object {
  return { event, type, time: formatTimestamp(at), attempt, tookMs, status, ...(error === null ? {} : { error }) };
}

interface Wanted {
  readonly url: string;
  readonly selection: Selection;
  readonly secret: string;
}

/** `{url, on, pool?, job?, secret?}`. */
function readWebhook(body: unknown, mayBePrivate: boolean): Wanted {
  const given = objectOf(body, 'The body');
  for (const [name, value] of Object.entries(given)) if (!PROPERTIES.includes(name)) throw invalidProperty(name, value, 'There is no such property.');
  const { secret = newSecret() } = given;
  if (typeof secret !== 'string' || !isSecret(secret)) throw invalidProperty('secret', undefined, 'The value must be whsec_ and 24 to 64 bytes in base64.');
  const [pool, job] = (['pool', 'job'] as const).map((name) => readId(name, given[name]));
  return {
    url: readUrl(given['url'], mayBePrivate),
    selection: { kinds: readKinds(given['on']), ...(pool === undefined ? {} : { pool }), ...(job === undefined ? {} : { job }) },
    secret,
  };
}

function readUrl(value: unknown, mayBePrivate: boolean): string {
  const form = `The value must be an address that begins with http:// or https://, of at most ${LONGEST_URL} characters, without a user name.`;
  if (value === undefined) throw invalidProperty('url', undefined, form, 'MissingRequiredProperty');
  const url = typeof value === 'string' && value.length <= LONGEST_URL && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') throw invalidProperty('url', undefined, form);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // A name is looked at each time that something is sent.
  if (!mayBePrivate && isIP(host) !== 0 && !isPublic(host)) throw invalidProperty('url', undefined, `${host} is not a public address; the operator may allow such (up --webhook-private).`);
  url.hash = '';
  return url.href;
}

function readKinds(value: unknown): readonly string[] {
  const form = 'The value must be a list of kinds of events, like ["job.completed", "task.failed"].';
  if (value === undefined) throw invalidProperty('on', undefined, form, 'MissingRequiredProperty');
  if (!Array.isArray(value) || value.length === 0 || value.length > 100) throw invalidProperty('on', value, form);
  const words = value.map((word: unknown) => (typeof word === 'string' ? lowerAscii(word) : ''));
  const unknown = words.findIndex((word) => !isKindSelector(word));
  if (unknown !== -1) throw invalidProperty(`on[${unknown}]`, value[unknown], 'There is no such kind of event.');
  return [...new Set(words)];
}

function readId(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > 64) throw invalidProperty(name, value, 'The value must be an id.');
  return lowerAscii(value);
}
