import { useState } from 'preact/hooks';
import type { Task } from '../../client/batch.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty } from '../../parts/Card.tsx';
import { Copy } from '../../parts/Copy.tsx';
import { Name } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { NONE } from '../../text/format.ts';

/** Settings that are named like what nobody should read over a shoulder. */
const SECRET = /secret|password|passwd|token|credential|(^|_)(key|sas|pwd)(_|$)/i;

export function CommandTab({ task }: { readonly job: string; readonly task: Task }) {
  const { commandLine, environmentSettings = [], constraints, requiredSlots = 1, containerSettings, resourceFiles = [], outputFiles = [] } = task;
  return (
    <div class="stack">
      <Card title="Command line" aside={<Copy text={commandLine} what="the command line" />}>
        <pre class="code">{shown(commandLine)}</pre>
        <dl class="facts">
          <dt>slots</dt><dd>{requiredSlots}</dd>
          {containerSettings === undefined ? null : <><dt>container</dt><dd class="mono"><Name>{containerSettings.imageName}</Name></dd></>}
          <dt>retries</dt><dd>{constraints?.maxTaskRetryCount ?? 0}</dd>
          <dt>longest run</dt><dd>{constraints?.maxWallClockTime ?? NONE}</dd>
        </dl>
      </Card>
      <Card title="Environment">
        {environmentSettings.length === 0 ? <Empty>The task sets no variables of its own.</Empty> : (
          <dl class="facts">
            {environmentSettings.map(({ name, value = '' }) => <Setting key={name} name={name} value={value} />)}
          </dl>
        )}
      </Card>
      {[{ title: 'Resource files', files: resourceFiles }, { title: 'Output files', files: outputFiles }].map(({ title, files }) =>
        files.length === 0 ? null : <Card key={title} title={title}><pre class="code">{shown(JSON.stringify(files, undefined, 2))}</pre></Card>,
      )}
    </div>
  );
}

function Setting({ name, value }: { readonly name: string; readonly value: string }) {
  const [seen, setSeen] = useState(!SECRET.test(name));
  return (
    <>
      <dt class="mono"><Name>{name}</Name></dt>
      <dd class="mono">
        {seen ? shown(value) : '••••••••'}{' '}
        {!seen && mayWrite() ? <button type="button" class="link" onClick={() => setSeen(true)} aria-label={`Show the value of ${name}`}>Show</button> : null}
      </dd>
    </>
  );
}
