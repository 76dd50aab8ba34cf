import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** Standard input, output and error. */
const FIRST_FOREIGN = 3;
/** In the octal `flags` of /proc/PID/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes what this process was given by whoever started it beyond its standard streams: a shell's open files would go
 * on to every process started from here, tasks of other users among them. To be called first: later ones of our own may
 * be inheritable too. Node.js opens its own with close-on-exec, which what was inherited lacks. `kept`: descriptors
 * that are meant, such as the channel to the starter. Linux only; elsewhere it does nothing.
 *
 * Throws if node:tls is loaded: from then on OpenSSL may read the certificates that NODE_EXTRA_CA_CERTS names, in a
 * thread of its own (Node.js 24) and without close-on-exec. Closed here, it would be closed once more there, whoever
 * has the number by then.
 */
export function closeInherited(kept: readonly number[] = []): void {
  if (isLoaded('tls')) throw new Error('what was inherited is closed before node:tls is loaded');
  for (const descriptor of openDescriptors()) {
    if (descriptor < FIRST_FOREIGN || kept.includes(descriptor) || !isInherited(descriptor)) continue;
    try {
      closeSync(descriptor);
    } catch {
      // The listing's own, which is closed by now.
    }
  }
}

/** False as well where Node.js does not tell. */
function isLoaded(module: string): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  return Array.isArray(loaded) && loaded.includes(`NativeModule ${module}`);
}

function openDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}

/** The channel to a parent that is Node.js, if there is one. */
export function parentChannel(): readonly number[] {
  const channel: unknown = process.channel;
  const descriptor: unknown = typeof channel === 'object' && channel !== null ? Reflect.get(channel, 'fd') : undefined;
  return typeof descriptor === 'number' ? [descriptor] : [];
}
