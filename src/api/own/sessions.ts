/** Our own operations on who looks at the page (docs/page.md): links that sign a browser in, sessions of browsers. */
import { pageSessions, removePageSession, type PageRole, type SessionRow } from '../../store/intents/pageSessions.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import { makePageLink } from '../page/sessions.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const sessionOperations: readonly OwnOperation[] = [
  { method: 'POST', path: '/linarite/signin/links', right: 'write', of: 'account', body: true, run: makeLink },
  { method: 'GET', path: '/linarite/sessions', right: 'read', of: 'account', run: list },
  { method: 'GET', path: '/linarite/sessions/current', right: 'read', of: 'account', run: current },
  { method: 'DELETE', path: '/linarite/sessions/current', right: 'read', of: 'account', changesAccess: true, run: endCurrent },
  { method: 'DELETE', path: '/linarite/sessions/{session}', right: 'write', of: 'account', changesAccess: true, run: end },
];

const ROLES: readonly PageRole[] = ['reader', 'contributor'];

/** `{role}`: what the session may do that begins with the link; `contributor` when left out. */
async function makeLink(call: OwnCall, parts: Parts): Promise<Answer> {
  const { principal } = call;
  // One that could make further ones would outlive its end.
  if (principal.kind === 'session') throw new BatchError('InsufficientAccountPermissions', [{ key: 'Reason', value: 'A session makes no links to others.' }]);
  const { role = 'contributor', ...more } = objectOf((await call.jsonIfAny()) ?? {}, 'the body');
  const unknown = Object.keys(more)[0];
  if (unknown !== undefined) throw invalidProperty(unknown, more[unknown], 'There is no such property.');
  const known = ROLES.find((one) => one === role);
  if (known === undefined) throw invalidProperty('role', role, `It is none of ${ROLES.join(', ')}.`);
  const link = await makePageLink(parts, principal.account, known);
  return json(201, { link, path: `/#/signin/${link}`, role: known });
}

async function list({ account }: OwnCall, { database }: Parts): Promise<Answer> {
  return json(200, { value: (await pageSessions(database, account)).map(shown) });
}

function shown({ number, role, agent, madeAt, usedAt }: SessionRow): object {
  return { session: number, role, agent, begun: formatTimestamp(madeAt), used: formatTimestamp(usedAt) };
}

/** The session that asks. @throws BatchError ResourceNotFound for whoever asks with another credential. */
async function current({ principal }: OwnCall): Promise<Answer> {
  if (principal.kind !== 'session') throw new BatchError('ResourceNotFound');
  return json(200, { account: principal.account.name, role: principal.role, session: principal.session });
}

async function endCurrent({ principal, account }: OwnCall, { database }: Parts): Promise<Answer> {
  if (principal.kind !== 'session') throw new BatchError('ResourceNotFound');
  await removePageSession(database, account, principal.session);
  return json(200, {});
}

/** @throws BatchError ResourceNotFound. */
async function end({ account, params }: OwnCall, { database }: Parts): Promise<Answer> {
  const number = /^\d{1,15}$/.test(params['session'] ?? '') ? Number(params['session']) : 0;
  if (!(await removePageSession(database, account, number))) throw new BatchError('ResourceNotFound', [{ key: 'Reason', value: 'There is no such session.' }]);
  return json(200, {});
}
