import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { localFailure } from './directories.ts';
import { TaskFailure } from './failures.ts';
import type { CertificateWork } from './frames.ts';
import type { Run } from './run.ts';
import { asUser, type User } from './users.ts';

/**
 * Lays the certificates that a run may see into its directory for them, as the real service does (published guides):
 * `sha1-<thumbprint>.pfx` with the password in `….pfx.pw`, or `sha1-<thumbprint>.cer`. They are its user's alone, and
 * written with its rights: whatever a task before put there is replaced. Throws TaskFailure.
 */
export function installCertificates(directory: string, certificates: readonly CertificateWork[], run: Run, user: User): void {
  const seen = seenBy(run.kind === 'start' ? 'starttask' : 'task', certificates);
  if (seen.length === 0) return;
  try {
    asUser(user, () => lay(directory, seen));
  } catch (error) {
    throw new TaskFailure(localFailure(error, 'ResourceFileCreateFailed', directory));
  }
}

/**
 * Lays those that users who log in may see into the home of one, below `certs`, and as its own (API reference,
 * CertificateReference; the form of the files is that of tasks). Throws the system's error.
 */
export function giveCertificates(home: string, certificates: readonly CertificateWork[], user: Pick<User, 'uid' | 'gid'>): void {
  const seen = seenBy('remoteuser', certificates);
  if (seen.length === 0) return;
  asUser(user, () => {
    const directory = `${home}/certs`;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lay(directory, seen);
  });
}

function seenBy(who: CertificateWork['visibility'][number], certificates: readonly CertificateWork[]): readonly CertificateWork[] {
  return certificates.filter(({ visibility }) => visibility.includes(who));
}

function lay(directory: string, certificates: readonly CertificateWork[]): void {
  for (const { thumbprint, format, data, password } of certificates) {
    const path = `${directory}/sha1-${thumbprint}.${format}`;
    replace(path, Buffer.from(data, 'base64'));
    if (format === 'pfx') replace(`${path}.pw`, Buffer.from(password ?? ''));
  }
}

function replace(path: string, bytes: Buffer): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
}
