import { change, route } from '../../client/place.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { Name, Since } from '../../parts/text.tsx';
import { atOnce, say, sayError } from '../../parts/toasts.tsx';
import { shown } from '../../text/clean.ts';
import { refresh } from '../../client/live.ts';
import { addWebhook } from './addWebhook.tsx';
import { Deliveries } from './Deliveries.tsx';

export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly on: readonly string[];
  readonly pool?: string;
  readonly job?: string;
  readonly state: 'enabled' | 'disabled';
  readonly disabledReason?: string;
  readonly disabledTime?: string;
  readonly failingSince?: string;
  readonly failures?: number;
}

/** Whom the account tells of events, and how that goes; the address names the one whose deliveries are shown. */
export function Webhooks() {
  const webhooks = useResource('webhooks', (signal) => ask<{ readonly value: readonly Webhook[] }>('/linarite/webhooks', { signal }), { beats: 3 });
  const { webhook: opened } = route.value.query;
  const one = webhooks.data?.value.find(({ id }) => id === opened);
  return (
    <>
      <Card title="Webhooks" flush aside={mayWrite() ? <button type="button" class="btn s" onClick={addWebhook}><Icon name="plus" /> Add…</button> : null}>
        <Loaded of={webhooks}>
          {({ value }) =>
            value.length === 0 ? (
              <div class="card-pad"><Empty command="linarite webhook add https://example.com/hook --on job.completed,task.failed">The account tells nobody of its events. The first one:</Empty></div>
            ) : (
              <div class="scroll-x">
                <table class="rows">
                  <thead><tr><th scope="col">Address</th><th scope="col">Of</th><th scope="col">State</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
                  <tbody>{value.map((webhook) => <Row key={webhook.id} webhook={webhook} />)}</tbody>
                </table>
              </div>
            )
          }
        </Loaded>
      </Card>
      {one === undefined ? null : <Deliveries key={one.id} webhook={one} />}
    </>
  );
}

function Row({ webhook }: { readonly webhook: Webhook }) {
  const { id, url, on, pool, job } = webhook;
  const isOpen = route.value.query['webhook'] === id;
  return (
    <tr data-row tabIndex={-1} aria-selected={isOpen}>
      <td><button type="button" class="link" data-open aria-expanded={isOpen} onClick={() => change({ webhook: isOpen ? undefined : id })}><Name mono most={60}>{url}</Name></button></td>
      <td>{on.length === 0 ? 'all events' : shown(on.join(', '))}{pool === undefined ? null : <> of pool <Name most={32}>{pool}</Name></>}{job === undefined ? null : <> of job <Name most={32}>{job}</Name></>}</td>
      <td><State webhook={webhook} /></td>
      <td class="n">{mayWrite() ? <Menu items={itemsOf(webhook)} label={`Actions on ${url}`} /> : null}</td>
    </tr>
  );
}

function State({ webhook: { state, disabledReason = '', disabledTime, failingSince, failures = 0 } }: { readonly webhook: Webhook }) {
  if (state === 'disabled') return <span class="bad-t">disabled for <Since at={disabledTime} />: {shown(disabledReason)}</span>;
  if (failingSince !== undefined) return <span class="come-t">{failures} attempts have failed, for <Since at={failingSince} /></span>;
  return <span class="ok-t">enabled</span>;
}

function itemsOf({ id, url, state }: Webhook): readonly MenuItem[] {
  const path = `/linarite${pathOf('webhooks', id)}`;
  return [
    { word: 'Test', act: () => void test(path) },
    { word: 'Deliveries', act: () => change({ webhook: id }) },
    ...(state === 'disabled' ? [{ word: 'Enable', act: () => atOnce('The webhook goes on where it was', () => act(`${path}/enable`, {})) }] : []),
    {
      word: 'Delete…',
      danger: true,
      act: () => showDialog({ title: 'Delete this webhook?', verb: 'Delete', danger: true, body: <p><Name mono most={60}>{url}</Name> is told of nothing more; what has not been delivered yet will not be.</p>, act: async () => {
        await act(path, { method: 'DELETE' });
        change({ webhook: undefined });
        return 'The webhook is deleted';
      } }),
    },
  ];
}

/** One attempt to deliver something made up. */
async function test(path: string): Promise<void> {
  try {
    const { delivered, status, error } = await ask<{ readonly delivered: boolean; readonly status: number | null; readonly error: string | null }>(`${path}/test`, { method: 'POST' });
    say(delivered ? 'ok' : 'bad', delivered ? `Delivered: the address answered ${status ?? ''}` : `Not delivered: ${error ?? `it answered ${status ?? 'nothing'}`}`);
    refresh();
  } catch (failure) {
    sayError(failure);
  }
}
