import { execFile } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../base/errors.ts';
import type { ClusterCredential } from './cluster.ts';
import { at, listAt, textAt } from './json.ts';

const WITHIN_MS = 60_000;
/** A token is renewed so long before it is over: the clocks of both sides differ. */
const EARLY_MS = 60_000;

/**
 * A credential from a program that the kubeconfig names, as managed clusters have it ("client-go credential plugins").
 * It is kept until the time that the program says, or until the API server refuses it. Throws in the program's words.
 */
export function execCredential(exec: unknown, directory: string, env: NodeJS.ProcessEnv): { readonly ask: () => Promise<ClusterCredential>; readonly forget: () => void } {
  const command = textAt(exec, 'command') ?? '';
  const apiVersion = textAt(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1';
  const args = listAt(exec, 'args').map(String);
  const own = Object.fromEntries(listAt(exec, 'env').map((one) => [textAt(one, 'name') ?? '', textAt(one, 'value') ?? '']));
  const program = command.includes('/') && !isAbsolute(command) ? join(directory, command) : command;
  const KUBERNETES_EXEC_INFO = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } });
  let kept: { readonly made: Promise<Made>; until: number } | null = null;

  const make = async (): Promise<Made> => {
    const { stdout } = await promisify(execFile)(program, args, { env: { ...env, ...own, KUBERNETES_EXEC_INFO }, timeout: WITHIN_MS, maxBuffer: 1024 ** 2 }).catch((error: unknown) => {
      throw new Error(`${command}, which the kubeconfig names for credentials, failed: ${messageOf(error).trim()}`, { cause: error });
    });
    return readCredential(stdout, command);
  };

  return {
    ask: async () => {
      if (kept === null || kept.until <= Date.now()) kept = { made: make(), until: Number.POSITIVE_INFINITY };
      const mine = kept;
      try {
        const { credential, until } = await mine.made;
        mine.until = until;
        return credential;
      } catch (error) {
        if (kept === mine) kept = null;
        throw error;
      }
    },
    forget: () => {
      kept = null;
    },
  };
}

interface Made {
  readonly credential: ClusterCredential;
  /** Milliseconds since 1970. */
  readonly until: number;
}

function readCredential(text: string, command: string): Made {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(`${command}, which the kubeconfig names for credentials, printed no JSON`, { cause: error });
  }
  const [token, certificate, key] = ['token', 'clientCertificateData', 'clientKeyData'].map((name) => textAt(read, 'status', name));
  if (typeof token !== 'string' && typeof certificate !== 'string') throw new Error(`${command}, which the kubeconfig names for credentials, printed no ExecCredential with a token or a certificate`);
  const expires = Date.parse(String(at(read, 'status', 'expirationTimestamp')));
  return {
    credential: { ...(typeof token === 'string' ? { authorization: `Bearer ${token}` } : {}), ...(typeof certificate === 'string' && typeof key === 'string' ? { certificate, key } : {}) },
    until: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires - EARLY_MS,
  };
}
