import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

interface Session {
  readonly session: number;
  readonly role: string;
  readonly agent: string;
  readonly begun: string;
  readonly used: string;
}

/** `linarite session list`. @throws CommandError */
export async function list({ json, ...target }: TargetFlags & { readonly json?: boolean }): Promise<void> {
  const text = await ask(targetOf(target), { path: '/linarite/sessions' });
  const { value } = JSON.parse(text) as { readonly value: readonly Session[] };
  console.log(json === true ? text : value.length === 0 ? 'no browser is signed in' : value.map(({ session, role, begun, used, agent }) => `${session}  ${role}  since ${begun}, used ${used}  ${agent}`).join('\n'));
}

/** `linarite session end NUMBER…`. @throws CommandError: failure where there is no such session. */
export async function end(sessions: readonly string[], target: TargetFlags): Promise<void> {
  const connection = targetOf(target);
  for (const session of sessions) {
    await ask(connection, { method: 'DELETE', path: `/linarite/sessions/${encodeURIComponent(session)}` });
    console.log(`session ${session} has ended`);
  }
}
