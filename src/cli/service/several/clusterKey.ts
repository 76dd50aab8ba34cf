import { hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';
import { CommandError, EXIT } from '../../errors.ts';

/** Shorter ones can be guessed. */
const LEAST_CHARACTERS = 32;

/**
 * What all processes of one database know, and nobody else: `--cluster-key-file`, or LINARITE_CLUSTER_KEY. Undefined:
 * neither is given; '': what was kept is to be forgotten. Throws `CommandError` for one that cannot be read, or is
 * short.
 */
export function givenClusterKey(file: string | undefined, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (file === undefined) {
    const given = environment['LINARITE_CLUSTER_KEY']?.trim();
    return given === undefined || given === '' ? given : longEnough(given, 'LINARITE_CLUSTER_KEY');
  }
  return longEnough(textOf(file), `--cluster-key-file ${file}`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandError(EXIT.usage, `--cluster-key-file ${file} cannot be read: ${messageOf(error)}`);
  }
}

/** The key itself is not shown. */
function longEnough(key: string, from: string): string {
  if (key.length >= LEAST_CHARACTERS) return key;
  throw new CommandError(EXIT.usage, `the cluster key of ${from} has ${key.length} characters, and needs ${LEAST_CHARACTERS} or more: openssl rand -base64 32 makes one`);
}

/** What shared secrets are sealed with. */
export function sealingSecret(clusterKey: string): Uint8Array {
  return derived(clusterKey, 'linarite shared secrets');
}

/** What processes sign their requests to each other with. */
export function peerSecret(clusterKey: string): Uint8Array {
  return derived(clusterKey, 'linarite requests between processes');
}

function derived(clusterKey: string, purpose: string): Uint8Array {
  return Buffer.from(hkdfSync('sha256', clusterKey, '', purpose, 32));
}
