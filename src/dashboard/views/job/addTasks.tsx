import { useState } from 'preact/hooks';
import { act, pathOf } from '../../client/request.ts';
import { ask } from '../../client/request.ts';
import { showDialog } from '../../parts/Dialog.tsx';
import { counted } from '../../text/format.ts';

const AT_ONCE = 100;
const MOST = 10_000;

interface NewTask {
  readonly id: string;
  readonly commandLine: string;
}

/** Tasks by a form, a sweep over numbers, or as JSON. */
export function addTasks(job: string): void {
  showDialog({
    title: `Add tasks to ${job}`,
    verb: 'Add',
    wide: true,
    body: <Form />,
    act: async (form) => {
      const json = String(form.get('json') ?? '').trim();
      if (json !== '') {
        const tasks = JSON.parse(json) as object | readonly object[];
        const all = Array.isArray(tasks) ? tasks : [tasks];
        await addAll(job, all);
        return `${counted(all.length, 'task')} added`;
      }
      const tasks = sweep({ id: String(form.get('id')), command: String(form.get('command')), from: Number(form.get('from')), to: Number(form.get('to')) });
      await addAll(job, tasks);
      return `${counted(tasks.length, 'task')} added`;
    },
  });
}

async function addAll(job: string, tasks: readonly object[]): Promise<void> {
  if (tasks.length === 0) throw new Error('There is no task to add.');
  if (tasks.length > MOST) throw new Error(`At most ${MOST} tasks are added here at a time.`);
  if (tasks.length === 1) return act(`${pathOf('jobs', job)}/tasks`, { body: tasks[0] });
  for (let at = 0; at < tasks.length; at += AT_ONCE) {
    const { value } = await ask<{ readonly value: readonly { readonly taskId: string; readonly status: string; readonly error?: { readonly code: string } }[] }>(`${pathOf('jobs', job)}/addtaskcollection`, { method: 'POST', body: { value: tasks.slice(at, at + AT_ONCE) } });
    const refused = value.find(({ status }) => status.toLowerCase() !== 'success');
    if (refused !== undefined) throw new Error(`${refused.taskId}: ${refused.error?.code ?? 'refused'}`);
  }
}

function sweep({ id, command, from, to }: { readonly id: string; readonly command: string; readonly from: number; readonly to: number }): readonly NewTask[] {
  if (!command.includes('{n}') && !id.includes('{n}')) return [{ id, commandLine: command }];
  if (!Number.isInteger(from) || !Number.isInteger(to) || to < from) throw new Error('The numbers go from a whole number up to another one.');
  return Array.from({ length: Math.min(to - from + 1, MOST + 1) }, (_value, at) => ({ id: id.replaceAll('{n}', String(from + at)), commandLine: command.replaceAll('{n}', String(from + at)) }));
}

function Form() {
  const [kind, setKind] = useState<'form' | 'json'>('form');
  const [fields, setFields] = useState({ id: 'task-{n}', command: "/bin/bash -c 'echo {n}'", from: '1', to: '3' });
  const set = (name: keyof typeof fields) => (event: { readonly currentTarget: HTMLInputElement }) => setFields({ ...fields, [name]: event.currentTarget.value });
  return (
    <>
      <div class="pick" role="group" aria-label="How">
        <button type="button" aria-pressed={kind === 'form'} onClick={() => setKind('form')}>Form</button>
        <button type="button" aria-pressed={kind === 'json'} onClick={() => setKind('json')}>JSON</button>
      </div>
      {kind === 'json' ? (
        <label class="field">
          <span>One task, or an array of them, as the API takes them</span>
          <textarea name="json" rows={10} placeholder={'[{"id": "a", "commandLine": "hostname"}]'} required />
        </label>
      ) : (
        <>
          <label class="field"><span>Id; {'{n}'} is the number</span><input name="id" value={fields.id} onInput={set('id')} required /></label>
          <label class="field"><span>Command line</span><input name="command" class="mono" value={fields.command} onInput={set('command')} required /></label>
          <div class="two">
            <label class="field"><span>From</span><input name="from" type="number" value={fields.from} onInput={set('from')} /></label>
            <label class="field"><span>To</span><input name="to" type="number" value={fields.to} onInput={set('to')} /></label>
          </div>
          <Preview {...fields} />
        </>
      )}
    </>
  );
}

const PREVIEWED = 3;

function Preview({ id, command, from, to }: { readonly id: string; readonly command: string; readonly from: string; readonly to: string }) {
  let tasks: readonly NewTask[];
  try {
    tasks = sweep({ id, command, from: Number(from), to: Number(to) });
  } catch (error) {
    return <p class="bad-t">{error instanceof Error ? error.message : ''}</p>;
  }
  return (
    <div>
      <h3>{counted(tasks.length, 'task')}</h3>
      <pre class="code">{tasks.slice(0, PREVIEWED).map((task) => `${task.id}: ${task.commandLine}`).join('\n')}{tasks.length > PREVIEWED ? '\n…' : ''}</pre>
    </div>
  );
}
