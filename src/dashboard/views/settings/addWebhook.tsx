import { ask } from '../../client/request.ts';
import { Copy } from '../../parts/Copy.tsx';
import { showDialog, type DialogSpec } from '../../parts/Dialog.tsx';

/** Asks for an address and what it is to be told of; then shows the secret, which nobody gets to see again. */
export function addWebhook(): void {
  showDialog({
    title: 'Add a webhook',
    verb: 'Add',
    body: (
      <>
        <label class="field"><span>Address</span><input name="url" type="url" placeholder="https://example.com/hook" autocomplete="off" required /></label>
        <label class="field"><span>Kinds of events, by commas; a noun (job, task) stands for all of its kinds</span><input name="on" value="job.completed, task.failed" autocomplete="off" required /></label>
        <div class="two">
          <label class="field"><span>Of one pool alone</span><input name="pool" autocomplete="off" /></label>
          <label class="field"><span>Of one job alone</span><input name="job" autocomplete="off" /></label>
        </div>
      </>
    ),
    act: async (form) => {
      const of = (name: string): string => String(form.get(name) ?? '').trim();
      const [pool, job] = [of('pool'), of('job')];
      const body = { url: of('url'), on: of('on').split(',').map((kind) => kind.trim()).filter((kind) => kind !== ''), ...(pool === '' ? {} : { pool }), ...(job === '' ? {} : { job }) };
      const { secret } = await ask<{ readonly secret: string }>('/linarite/webhooks', { method: 'POST', body });
      return shownOnce(secret);
    },
  });
}

function shownOnce(secret: string): DialogSpec {
  return {
    title: 'The webhook is added',
    verb: 'I have it',
    body: (
      <>
        <p>Its requests are signed with this secret (Standard Webhooks). It is not shown again.</p>
        <p class="between"><code class="code">{secret}</code><Copy text={secret} what="the secret" /></p>
      </>
    ),
    act: () => Promise.resolve(null),
  };
}
