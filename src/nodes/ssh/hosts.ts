import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../../base/errors.ts';

/** A machine that is reached by ssh. Its text (`user@name:port`) tells it from others, in words for people as well. */
export interface SshHost {
  readonly text: string;
  readonly name: string;
  /** Left out: as the provider says for all. */
  readonly user?: string;
  readonly port?: number;
}

/** `name`, `user@name`, `name:port`, `[address]:port`. Throws an Error in words for a text that is none. */
export function parseHost(text: string): SshHost {
  // A name never begins with a dash: it would be an option of ssh(1).
  const parts = /^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?(?:\[([0-9A-Fa-f:.%a-z]+)\]|([A-Za-z0-9_][A-Za-z0-9_.-]*))(?::(\d{1,5}))?$/.exec(text);
  const [, user, address, name = address, port] = parts ?? [];
  if (name === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) === 0) throw new Error(`${JSON.stringify(text)} is no host: it is NAME, USER@NAME or USER@NAME:PORT`);
  return { text, name, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port: Number(port) }) };
}

/** Which hosts there are: named, or said by a command, one a line. */
export type HostSource = { readonly kind: 'named'; readonly hosts: readonly SshHost[] } | { readonly kind: 'command'; readonly words: readonly [string, ...string[]] };

const COMMAND_WITHIN_MS = 30_000;
const MOST_HOSTS = 10_000;

/** Throws an Error in words where the command fails, or says what is no host. */
export async function hostsOf(source: HostSource): Promise<readonly SshHost[]> {
  if (source.kind === 'named') return source.hosts;
  const [program, ...args] = source.words;
  const { stdout } = await promisify(execFile)(program, args, { timeout: COMMAND_WITHIN_MS, maxBuffer: 1 << 24 }).catch((error: unknown) => {
    throw new Error(`${program} does not say which hosts there are: ${messageOf(error).trim()}`, { cause: error });
  });
  // Comments, and what stands behind a name, are for people.
  const texts = stdout.split('\n').flatMap((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(0, 1)).filter((text) => text !== '');
  if (texts.length > MOST_HOSTS) throw new Error(`${program} names ${texts.length} hosts: ${MOST_HOSTS} are the most`);
  return [...new Set(texts)].map(parseHost);
}
