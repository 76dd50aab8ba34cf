import type { NetworkKind } from '../../../nodes/provider.ts';
import { type ProcessIdentity, identifyProcess } from '../../../processes/identity.ts';
import { releaseVersion } from '../../version.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { type PartRecord, type ServiceOptions, type ServiceRecord, writeRecord } from './record.ts';

/** Keeps run/service.json in step with what runs. */
export class RecordKeeper {
  readonly #directory: DataDirectory;
  readonly #options: ServiceOptions;
  readonly #wellKnownKeys: boolean;
  readonly #startedAt = new Date().toISOString();
  readonly #process = ownIdentity();
  readonly #parts = new Map<'database' | 'blobs', () => PartRecord | undefined>();
  #state: ServiceRecord['state'] = 'starting';
  #progress: string | undefined;
  #isUnwritten = false;
  #port: number;
  limits: readonly string[] = [];
  isolation: string | undefined;
  network: NetworkKind | undefined;
  #containers: string | undefined;
  blobEndpoint: string | undefined;

  constructor(directory: DataDirectory, options: ServiceOptions, wellKnownKeys: boolean) {
    this.#directory = directory;
    this.#options = options;
    this.#wellKnownKeys = wellKnownKeys;
    this.#port = options.port;
  }

  /**
   * The port is open. The record of a service that does not get this far is never written, so it hides nobody else's.
   */
  listens(port: number): void {
    this.#port = port;
    this.#write();
  }

  /** This part of the record is what `look` gives. */
  watch(part: 'database' | 'blobs', look: () => PartRecord | undefined): void {
    this.#parts.set(part, look);
    this.#write();
  }

  /** Until the next change of state. */
  does(progress: string): void {
    this.#progress = progress;
    this.#write();
  }

  change(state: ServiceRecord['state']): void {
    this.#state = state;
    this.#progress = undefined;
    this.#write();
  }

  /** What runs containers is known now. */
  learnContainers({ engine, limits }: { readonly engine: string | null; readonly limits: readonly string[] }): void {
    this.#containers = engine ?? undefined;
    this.limits = [...new Set([...this.limits, ...limits])];
    if (this.#state === 'ready' || this.#state === 'degraded') this.#write();
  }

  /** A part died or lives again. */
  partChanged(): void {
    const whole = [...this.#parts.values()].every((look) => look() !== undefined);
    if (this.#state === 'ready' && !whole) this.#state = 'degraded';
    else if (this.#state === 'degraded' && whole) this.#state = 'ready';
    this.#write();
  }

  current(): ServiceRecord {
    const database = this.#parts.get('database')?.();
    const blobs = this.#parts.get('blobs')?.();
    const authority = `${hostForClients(this.#options.host)}:${this.#port}`;
    return {
      process: this.#process,
      state: this.#state,
      ...(this.#progress === undefined ? {} : { progress: this.#progress }),
      startedAt: this.#startedAt,
      version: releaseVersion(),
      options: { ...this.#options, port: this.#port },
      wellKnownKeys: this.#wellKnownKeys,
      endpoint: `http://${authority}`,
      managementEndpoint: `https://${authority}`,
      limits: this.limits,
      ...(this.isolation === undefined ? {} : { isolation: this.isolation }),
      ...(this.network === undefined ? {} : { network: this.network }),
      ...(this.#containers === undefined ? {} : { containers: this.#containers }),
      ...(this.blobEndpoint === undefined ? {} : { blobEndpoint: this.blobEndpoint }),
      ...(database === undefined ? {} : { database }),
      ...(blobs === undefined ? {} : { blobs }),
    };
  }

  /** Writes what could not be written; to be called once there is room on the disk again. */
  writeAgain(): void {
    if (this.#isUnwritten) this.#write();
  }

  /**
   * The first record has to be there, for others find the service by it; a later one that finds no room is written when
   * there is some.
   */
  #write(): void {
    try {
      writeRecord(this.#directory, this.current());
      this.#isUnwritten = false;
    } catch (error) {
      if (this.#state === 'starting') throw error;
      this.#isUnwritten = true;
    }
  }
}

/**
 * As clients on this machine reach it: who listens everywhere listens on loopback, and who does on `::` does so on IPv4
 * too, which all clients can (`@azure/batch` cannot read `[::1]`).
 */
export function hostForClients(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function ownIdentity(): ProcessIdentity {
  const identity = identifyProcess(process.pid);
  if (identity === undefined) throw new Error('cannot tell when this process started');
  return identity;
}
