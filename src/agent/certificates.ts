import { rmSync, writeFileSync } from 'node:fs';
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
  const seen = certificates.filter(({ visibility }) => visibility.includes(run.kind === 'start' ? 'starttask' : 'task'));
  if (seen.length === 0) return;
  try {
    asUser(user, () => {
      for (const { thumbprint, format, data, password } of seen) {
        const path = `${directory}/sha1-${thumbprint}.${format}`;
        replace(path, Buffer.from(data, 'base64'));
        if (format === 'pfx') replace(`${path}.pw`, Buffer.from(password ?? ''));
      }
    });
  } catch (error) {
    throw new TaskFailure(localFailure(error, 'ResourceFileCreateFailed', directory));
  }
}

function replace(path: string, bytes: Buffer): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
}
