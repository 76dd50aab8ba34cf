import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { giveCertificates } from '../certificates.ts';
import type { CertificateWork, UserAccess } from '../frames.ts';
import { edit, makeHome, passwdLine, shadowLine, shellIn } from '../place/accounts.ts';
import { pathIn } from '../place/imageRoot.ts';
import type { UserEntry } from '../users.ts';
import { KEYS_DIRECTORY } from './sshd.ts';

const DAY_MS = 86_400_000;

/** What a node's own /etc has of users that clients added. */
export interface Entries {
  /** All that /etc/passwd has, whoever entered it. */
  numbers(): ReadonlyMap<string, number>;
  enter(user: UserEntry, access: UserAccess): void;
  /** Gives the home of a user who is there what the node has for it in this life. */
  furnish(user: UserEntry): void;
  replace(name: string, access: UserAccess): void;
  remove(name: string): void;
}

export interface EntriesOptions {
  /** Where sshd looks: the node's own. */
  readonly etc: string;
  /** Where homes are made; null: users have none. */
  readonly homes: string | null;
  /** The root that sessions are in, where it is another: there users have their names. null: it is the same. */
  readonly image: string | null;
  /** Of the node. */
  readonly certificates: readonly CertificateWork[];
}

export function createEntries({ etc, homes, image, certificates }: EntriesOptions): Entries {
  /** Where users have names, and the first of these is where sshd looks. */
  const places = [etc, ...(image === null ? [] : [pathIn(image, '/etc')])];
  const seen = places.at(-1) ?? etc;
  const keys = join(etc, KEYS_DIRECTORY);
  const keyOf = (name: string): string => join(keys, name);
  const others =
    (name: string) =>
    (line: string): boolean =>
      !line.startsWith(`${name}:`);

  const giveAccess = (name: string, { passwordHash, publicKey, expiresAt }: UserAccess): void => {
    edit(join(etc, 'shadow'), others(name), [shadowLine(name, passwordHash, Math.floor(expiresAt / DAY_MS))]);
    if (publicKey === null) return rmSync(keyOf(name), { force: true });
    mkdirSync(keys, { recursive: true, mode: 0o755 });
    writeFileSync(keyOf(name), `${publicKey}\n`);
    chmodSync(keyOf(name), 0o644);
  };

  const furnish = (user: UserEntry): void => {
    if (homes !== null && existsSync(join(homes, user.name))) giveCertificates(join(homes, user.name), certificates, user);
  };

  return {
    furnish,
    numbers: () =>
      new Map(
        places
          .toReversed()
          .flatMap((place) => readFileSync(join(place, 'passwd'), 'utf8').split('\n'))
          .filter((line) => line !== '')
          .map((line) => {
            const [name = '', , uid = ''] = line.split(':');
            return [name, Number(uid)];
          }),
      ),
    enter: (user, access) => {
      giveAccess(user.name, access);
      if (homes !== null) makeHome(join(homes, user.name), user, join(seen, 'skel'));
      furnish(user);
      // Last where sshd looks: with its line there the user is there.
      for (const place of places.toReversed()) edit(join(place, 'passwd'), others(user.name), [passwdLine(user, shellIn(image ?? '/'))]);
    },
    replace: giveAccess,
    remove: (name) => {
      for (const place of places) edit(join(place, 'passwd'), others(name), []);
      edit(join(etc, 'shadow'), others(name), []);
      rmSync(keyOf(name), { force: true });
    },
  };
}
