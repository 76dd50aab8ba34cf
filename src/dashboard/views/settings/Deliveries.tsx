import { change } from '../../client/place.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { duration, NONE } from '../../text/format.ts';
import type { Webhook } from './Webhooks.tsx';

interface Delivery {
  readonly event: string;
  readonly type: string;
  readonly time: string;
  readonly attempt: number;
  readonly tookMs: number;
  readonly status: number | null;
  readonly error?: string;
}

/** What a webhook was told last, and what it answered. */
export function Deliveries({ webhook: { id, url } }: { readonly webhook: Webhook }) {
  const path = `/linarite${pathOf('webhooks', id)}`;
  const one = useResource(path, (signal) => ask<{ readonly deliveries: readonly Delivery[] }>(path, { signal }));
  return (
    <Card title="Deliveries" flush aside={<><Name mono most={40}>{url}</Name> <button type="button" class="link" onClick={() => change({ webhook: undefined })}>Close</button></>}>
      <Loaded of={one}>
        {({ deliveries }) =>
          deliveries.length === 0 ? (
            <div class="card-pad"><Empty>Nothing that it is for has happened since it was added.</Empty></div>
          ) : (
            <div class="scroll-x">
              <table class="rows">
                <thead><tr><th scope="col">Time</th><th scope="col">Event</th><th scope="col" class="n">Attempt</th><th scope="col" class="n">Took</th><th scope="col">Answer</th></tr></thead>
                <tbody>
                  {deliveries.map(({ event, type, time, attempt, tookMs, status, error }) => (
                    <tr key={`${event} ${attempt} ${time}`} data-row tabIndex={-1}>
                      <td><Time at={time} /></td>
                      <td title={event}>{shown(type.replace(/^linarite\./, ''))}</td>
                      <td class="n">{attempt}</td>
                      <td class="n">{duration(tookMs)}</td>
                      <td class={error === undefined ? 'ok-t' : 'bad-t'}>{status ?? NONE} {shown(error ?? '')}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </Card>
  );
}
