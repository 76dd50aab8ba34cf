import { join } from 'node:path';
import { rmSync } from 'node:fs';
import type { TrustedIssuer } from '../../../api/identity/outsideIssuers.ts';
import type { ArchiveSettings } from '../../../control/archiveSettings.ts';
import type { SilenceBounds } from '../../../control/silence.ts';
import type { NetworkKind } from '../../../nodes/provider.ts';
import { type ProcessIdentity, isRunning, parseProcessIdentity } from '../../../processes/identity.ts';
import { readIfThere, replaceFile } from '../../files.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { type LogLevel, isLogLevel } from '../log/level.ts';
import { isArchive } from '../archiveOptions.ts';
import { isIssuers } from '../issuers.ts';
import { isNodeOptions, type NodeOptions } from '../nodeOptions.ts';
import { isRegion, type RegionOptions } from '../regionOptions.ts';
import { isSeveral, type SeveralOptions } from '../several/severalOptions.ts';
import { isSilence } from '../silenceOptions.ts';

/** How a service was asked to run; what `restart`, and `up` after a crash, use again. */
export interface ServiceOptions extends RegionOptions, SeveralOptions {
  readonly port: number;
  readonly host: string;
  readonly wellKnownKey: boolean;
  /** Of the blob server, where one was asked for; which one it has is remembered by itself. */
  readonly blobPort?: number;
  /**
   * When agents that do not answer are given up; undefined: in a record of an older release, or left to the default.
   */
  readonly silence?: SilenceBounds;
  /** What the names of accounts' hosts end with; undefined: accounts have no names, but addresses. */
  readonly hostSuffix?: string;
  /** From which level on lines are logged; undefined: as for `silence`. */
  readonly logLevel?: LogLevel;
  /** No job lasts longer; undefined: there is no such bound. */
  readonly maxJobTimeMs?: number;
  /** Formulas of pools may run as often as this; undefined: as on Azure. */
  readonly autoScaleMinIntervalMs?: number;
  /** Webhooks may lead to this machine and to private networks; undefined: they may not. */
  readonly webhookPrivate?: boolean;
  /** The file of the operator's own sizes and prices, read at each start. */
  readonly sizesFile?: string;
  /** Outside issuers whose tokens are taken; undefined: none. */
  readonly issuers?: readonly TrustedIssuer[];
  /** How nodes are made; undefined: as for `silence`. */
  readonly nodes?: NodeOptions;
  /** What is archived of tasks; undefined: as for `silence`. */
  readonly archive?: ArchiveSettings;
}

/** One of our processes beside the service: PostgreSQL, the blob server. */
export interface PartRecord extends ProcessIdentity {
  /** How often it died by itself and was started again. */
  readonly restarts: number;
}

/**
 * What a service says of itself to other processes on this machine; no credential in it. It stays when the service is
 * killed, and goes with `down`.
 */
export interface ServiceRecord {
  readonly process: ProcessIdentity;
  /** `degraded`: a part died and is being started again. */
  readonly state: 'starting' | 'ready' | 'degraded' | 'stopping';
  /** What a start is busy with, where that may take long: `brings the database to this version …`. */
  readonly progress?: string;
  readonly startedAt: string;
  readonly version: string;
  readonly options: ServiceOptions;
  /** Who asks may be another user than who runs it, on whom that depends. */
  readonly wellKnownKeys: boolean;
  /** Where clients on this machine go. */
  readonly endpoint: string;
  readonly managementEndpoint: string;
  /** Undefined until known; with an external storage account that account's. */
  readonly blobEndpoint?: string;
  /** Both undefined when they are not ours. */
  readonly database?: PartRecord;
  readonly blobs?: PartRecord;
  /** What this machine cannot guarantee, a sentence each. */
  readonly limits: readonly string[];
  /** How far nodes are places of their own: `overlays`, `binds` or `none`. */
  readonly isolation?: string;
  /** Whose network they have. */
  readonly network?: NetworkKind;
  /** What runs containers; undefined: not known yet, or nothing does (then `limits` says why). */
  readonly containers?: string;
}

export function writeRecord(directory: DataDirectory, record: ServiceRecord): void {
  replaceFile(join(directory.run, 'service.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function removeRecord(directory: DataDirectory): void {
  rmSync(join(directory.run, 'service.json'), { force: true });
}

/**
 * The record of the service that runs here or was killed here; undefined when there is none, or none that can be read.
 */
export function readRecord(directory: DataDirectory): ServiceRecord | undefined {
  const text = readIfThere(join(directory.run, 'service.json'));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The record if its service lives. */
export function runningService(directory: DataDirectory): ServiceRecord | undefined {
  const record = readRecord(directory);
  return record !== undefined && isRunning(record.process) ? record : undefined;
}

/** Written whole by this release or an older one; what every command relies on is looked at. */
function isRecord(value: unknown): value is ServiceRecord {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string): boolean => typeof Reflect.get(value, name) === type;
  const options: unknown = Reflect.get(value, 'options');
  return (
    parseProcessIdentity(Reflect.get(value, 'process')) !== undefined &&
    ['state', 'startedAt', 'version', 'endpoint', 'managementEndpoint'].every((name) => has(name, 'string')) &&
    typeof options === 'object' &&
    options !== null &&
    typeof Reflect.get(options, 'port') === 'number' &&
    typeof Reflect.get(options, 'host') === 'string' &&
    typeof Reflect.get(options, 'wellKnownKey') === 'boolean' &&
    isSilence(Reflect.get(options, 'silence')) &&
    isLogLevel(Reflect.get(options, 'logLevel')) &&
    isNodeOptions(Reflect.get(options, 'nodes')) &&
    isArchive(Reflect.get(options, 'archive')) &&
    isIssuers(Reflect.get(options, 'issuers')) &&
    isRegion(options) &&
    isSeveral(options) &&
    ['maxJobTimeMs', 'autoScaleMinIntervalMs'].every((name) => ['undefined', 'number'].includes(typeof Reflect.get(options, name))) &&
    ['undefined', 'string'].includes(typeof Reflect.get(options, 'sizesFile')) &&
    ['undefined', 'boolean'].includes(typeof Reflect.get(options, 'webhookPrivate')) &&
    has('wellKnownKeys', 'boolean') &&
    Array.isArray(Reflect.get(value, 'limits')) &&
    ['database', 'blobs'].every((name) => Reflect.get(value, name) === undefined || parseProcessIdentity(Reflect.get(value, name)) !== undefined)
  );
}
