import { effect, signal } from '@preact/signals';
import { ask, keepToken, refusals, sessionToken } from './request.ts';

export interface Who {
  readonly account: string;
  readonly role: 'reader' | 'contributor';
  readonly session: number;
}

/** Who looks: undefined while it is not known, null for nobody. */
export const who = signal<Who | null | undefined>(undefined);
/** Why nobody does, in a sentence. */
export const notSignedIn = signal<string | null>(null);

interface SignedIn extends Who {
  readonly token: string;
}

async function begin(body: object): Promise<void> {
  const { token, ...rest } = await ask<SignedIn>('/linarite/signin', { method: 'POST', body });
  keepToken(token);
  notSignedIn.value = null;
  who.value = rest;
}

export function signInByLink(link: string): Promise<void> {
  return begin({ link });
}

/** The key is sent once, and kept nowhere. */
export function signInByKey(account: string, key: string): Promise<void> {
  return begin({ account, key });
}

/** Finds out whether this browser is signed in. */
export async function resume(): Promise<void> {
  if (sessionToken() === null) {
    who.value = null;
    return;
  }
  try {
    who.value = await ask<Who>('/linarite/sessions/current');
  } catch {
    who.value = null;
  }
}

export async function signOut(): Promise<void> {
  await ask('/linarite/sessions/current', { method: 'DELETE' }).catch(() => undefined);
  keepToken(null);
  who.value = null;
}

export function mayWrite(): boolean {
  return who.value?.role === 'contributor';
}

/** A session that ended while the page was open. */
effect(() => {
  if (refusals.value > 0 && who.peek()) {
    keepToken(null);
    notSignedIn.value = 'The session has ended.';
    who.value = null;
  }
});
