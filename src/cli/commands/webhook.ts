import { EXIT, type ExitCode } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

interface Common extends TargetFlags {
  readonly json?: boolean;
}

interface AddOptions extends Common {
  readonly on: readonly string[];
  readonly job?: string;
  readonly pool?: string;
}

/** What the service says of one. */
interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly on: readonly string[];
  readonly job?: string;
  readonly pool?: string;
  readonly state: 'enabled' | 'disabled';
  readonly disabledReason?: string;
  readonly failingSince?: string;
  readonly failures?: number;
  readonly nextAttemptTime?: string;
}

interface Delivery {
  readonly time: string;
  readonly type: string;
  readonly event: string;
  readonly attempt: number;
  readonly tookMs: number;
  readonly status: number | null;
  readonly error?: string;
}

/** `linarite webhook add`. @throws CommandError: failure for what the service refuses, notRunning; so all of these. */
export async function add(url: string, { on, job, pool, json, ...target }: AddOptions): Promise<void> {
  const body = { url, on, ...(job === undefined ? {} : { job }), ...(pool === undefined ? {} : { pool }) };
  const text = await ask(targetOf(target), { method: 'POST', path: '/linarite/webhooks', body });
  if (json === true) return console.log(text);
  const added = JSON.parse(text) as Webhook & { readonly secret: string };
  console.log(`${lineOf(added)}\nsecret, shown this once: ${added.secret}`);
}

export async function list({ json, ...target }: Common): Promise<void> {
  const text = await ask(targetOf(target), { path: '/linarite/webhooks' });
  if (json === true) return console.log(text);
  const { value } = JSON.parse(text) as { readonly value: readonly Webhook[] };
  console.log(value.length === 0 ? 'there is no webhook' : value.map(lineOf).join('\n'));
}

export async function show(id: string, { json, ...target }: Common): Promise<void> {
  const text = await ask(targetOf(target), { path: pathOf(id) });
  if (json === true) return console.log(text);
  const webhook = JSON.parse(text) as Webhook & { readonly deliveries: readonly Delivery[] };
  const lines = webhook.deliveries.map(({ time, type, event, attempt, tookMs, status, error }) => `  ${time} ${type.replace(/^linarite\./, '')} ${event} attempt ${attempt}: ${error ?? `taken (${status})`}, ${tookMs} ms`);
  console.log([lineOf(webhook), ...(lines.length === 0 ? ['nothing has been delivered yet'] : ['latest deliveries:', ...lines])].join('\n'));
}

export async function remove(id: string, target: Common): Promise<void> {
  await ask(targetOf(target), { method: 'DELETE', path: pathOf(id) });
}

export async function enable(id: string, target: Common): Promise<void> {
  console.log(lineOf(JSON.parse(await ask(targetOf(target), { method: 'POST', path: `${pathOf(id)}/enable` })) as Webhook));
}

/** Failure where it was not taken. */
export async function tryOut(id: string, target: Common): Promise<ExitCode> {
  const { delivered, status, error } = JSON.parse(await ask(targetOf(target), { method: 'POST', path: `${pathOf(id)}/test` })) as { readonly delivered: boolean; readonly status: number | null; readonly error: string | null };
  console.log(delivered ? `it was taken (${status})` : `it was not taken: ${error}`);
  return delivered ? EXIT.ok : EXIT.failure;
}

function pathOf(id: string): string {
  return `/linarite/webhooks/${encodeURIComponent(id)}`;
}

/** `webhook 3 is enabled: task.failed of job J to https://…` */
function lineOf({ id, state, url, on, job, pool, disabledReason, failingSince, failures, nextAttemptTime }: Webhook): string {
  const of = [...(job === undefined ? [] : [`job ${job}`]), ...(pool === undefined ? [] : [`pool ${pool}`])].join(' and ');
  const trouble = disabledReason ?? (failingSince === undefined ? undefined : `${failures} attempts have failed since ${failingSince}, the next one is at ${nextAttemptTime}`);
  return `webhook ${id} is ${state}: ${on.join(', ')}${of === '' ? '' : ` of ${of}`} to ${url}${trouble === undefined ? '' : ` (${trouble})`}`;
}
