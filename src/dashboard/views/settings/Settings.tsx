import { keys, theme, zone, type Theme } from '../../client/settings.ts';
import { ask, act } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite, signOut, who } from '../../client/session.ts';
import { Card, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { Name, Since } from '../../parts/text.tsx';
import { atOnce } from '../../parts/toasts.tsx';
import { Webhooks } from './Webhooks.tsx';

interface Session {
  readonly session: number;
  readonly role: string;
  readonly agent: string;
  readonly begun: string;
  readonly used: string;
}

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function Settings() {
  const sessions = useResource('sessions', (signal) => ask<{ readonly value: readonly Session[] }>('/linarite/sessions', { signal }), { beats: 5 });
  return (
    <>
      <Head title="Settings" sub={`${who.value?.account ?? ''} · ${who.value?.role ?? ''}`} actions={<button type="button" class="btn" onClick={() => void signOut()}>Sign out</button>} />
      <Card title="This browser">
        <dl class="facts">
          <dt>theme</dt>
          <dd><span class="pick" role="group" aria-label="Theme">{THEMES.map((one) => <button key={one} type="button" aria-pressed={theme.value === one} onClick={() => (theme.value = one)}>{one}</button>)}</span></dd>
          <dt>times</dt>
          <dd><span class="pick" role="group" aria-label="Time zone">{(['local', 'utc'] as const).map((one) => <button key={one} type="button" aria-pressed={zone.value === one} onClick={() => (zone.value = one)}>{one === 'utc' ? 'UTC' : 'local'}</button>)}</span></dd>
          <dt>single keys</dt>
          <dd><span class="pick" role="group" aria-label="Single keys">{(['on', 'off'] as const).map((one) => <button key={one} type="button" aria-pressed={keys.value === one} onClick={() => (keys.value = one)}>{one}</button>)}</span></dd>
        </dl>
      </Card>
      <Card title="Browsers that are signed in" flush>
        <Loaded of={sessions}>
          {({ value }) => (
            <div class="scroll-x">
              <table class="rows">
                <thead><tr><th scope="col">Browser</th><th scope="col">Role</th><th scope="col" class="n">Used</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
                <tbody>
                  {value.map(({ session, role, agent, used }) => (
                    <tr key={session} data-row tabIndex={-1}>
                      <td>{session === who.value?.session ? <b>this one</b> : <Name most={70}>{agent === '' ? 'unknown' : agent}</Name>}</td>
                      <td>{role}</td>
                      <td class="n"><Since at={used} /> ago</td>
                      <td class="n">{session === who.value?.session || !mayWrite() ? null : <button type="button" class="btn s" onClick={() => atOnce('The session has ended', () => act(`/linarite/sessions/${session}`, { method: 'DELETE' }))}>End</button>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
      </Card>
      <Webhooks />
    </>
  );
}
