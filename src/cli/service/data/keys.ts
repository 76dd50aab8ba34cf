import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { secretTextOf } from '../../../api/identity/secrets.ts';
import { isLoopback } from '../../../processes/machine.ts';
import { readIfThere, replaceFile } from '../../files.ts';

/** Name and base64 key of an account. */
interface AccountKey {
  readonly name: string;
  readonly key: string;
}

/** All credentials of a service. */
export interface ServiceKeys {
  readonly batch: AccountKey;
  readonly storage: AccountKey;
  /** From which the nodes' credentials are made. */
  readonly nodeSecret: Uint8Array;
  /** Of the operator's service principal: what a client proves itself with. */
  readonly operatorSecret: string;
  /** What tokens are signed with (PEM); made when the first one is. */
  readonly signingKeyFile: string;
  readonly wellKnown: boolean;
}

/** The text says what its base64 form, 64 bytes as of a real key, does not. */
const WELL_KNOWN_BATCH_KEY = Buffer.from('This key is known to everybody. For a machine of your own, only!').toString('base64');
/**
 * Storage emulators have had this account since 2010; tools know it (learn.microsoft.com, "Connect to the emulator
 * account").
 */
const WELL_KNOWN_STORAGE_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** Of the form that secrets of applications have, and says what it is as well. */
const WELL_KNOWN_OPERATOR_SECRET = 'This~secret~is~known~to~everybody.Own~machine~only';

const BATCH_ACCOUNT = 'linarite';
const STORAGE_ACCOUNT = 'devstoreaccount1';

/**
 * Whether the keys are the well-known ones: only when nobody but this machine reaches the service, and it does not run
 * as root, since then they would make any local user root through an admin task. `insist` is `--well-known-key`.
 */
export function usesWellKnownKeys(options: { host: string; insist: boolean }, isRoot = process.getuid?.() === 0): boolean {
  return options.insist || (isLoopback(options.host) && !isRoot);
}

/** The keys of a data directory; random ones are made at first use and kept, mode 0600. */
export function provideKeys(directory: string, wellKnown: boolean): ServiceKeys {
  return {
    batch: { name: BATCH_ACCOUNT, key: wellKnown ? WELL_KNOWN_BATCH_KEY : keptSecret(directory, 'batch') },
    storage: { name: STORAGE_ACCOUNT, key: wellKnown ? WELL_KNOWN_STORAGE_KEY : keptSecret(directory, 'storage') },
    nodeSecret: Buffer.from(keptSecret(directory, 'nodes'), 'base64'),
    operatorSecret: wellKnown ? WELL_KNOWN_OPERATOR_SECRET : secretTextOf(Buffer.from(keptSecret(directory, 'operator'), 'base64')),
    signingKeyFile: join(directory, 'tokens.pem'),
    wellKnown,
  };
}

function keptSecret(directory: string, name: string): string {
  const path = join(directory, name);
  const kept = readIfThere(path)?.trim();
  if (kept !== undefined && kept !== '') return kept;
  const made = randomBytes(64).toString('base64');
  replaceFile(path, `${made}\n`, 0o600);
  return made;
}
