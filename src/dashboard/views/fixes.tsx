import { act } from '../client/request.ts';
import { mayWrite } from '../client/session.ts';
import type { Fix, Ref } from '../client/own.ts';
import { showDialog } from '../parts/Dialog.tsx';
import { to } from '../routes/route.ts';

/** Where an object is looked at. */
export function hrefOf(ref: Ref): string {
  switch (ref.kind) {
    case 'account':
      return '#/settings';
    case 'pool':
      return to(['pools', ref.pool]);
    case 'node':
      return to(['pools', ref.pool, 'nodes', ref.node]);
    case 'job':
      return to(['jobs', ref.job]);
    case 'task':
      return to(['jobs', ref.job, 'tasks', ref.task]);
  }
}

/** What the service says would mend it; shown as it would be sent. */
export function FixButtons({ fixes, primary = true }: { readonly fixes: readonly Fix[]; readonly primary?: boolean }) {
  if (!mayWrite()) return null;
  return (
    <>
      {fixes.map((fix, index) => (
        <button key={`${fix.label} ${fix.path}`} type="button" class={`btn s ${primary && index === 0 ? 'pri' : ''}`} onClick={() => confirmFix(fix)}>
          {fix.label}…
        </button>
      ))}
    </>
  );
}

function confirmFix({ label, method, path, body }: Fix): void {
  showDialog({
    title: label,
    verb: label,
    danger: method === 'DELETE',
    body: (
      <>
        <p>This sends to the service:</p>
        <pre class="code">{`${method} ${path.split('?')[0] ?? path}${body === null ? '' : `\n${JSON.stringify(body, undefined, 2)}`}`}</pre>
      </>
    ),
    act: async () => {
      await act(path, { method, ...(body === null ? {} : { body }) });
      return `Done: ${label}`;
    },
  });
}
