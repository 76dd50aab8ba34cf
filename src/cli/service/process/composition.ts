import type { Logger } from 'pino';
import type { Cleanups } from './cleanups.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import type { Externals } from '../externals.ts';
import type { ServiceKeys } from '../data/keys.ts';
import type { RecordKeeper } from '../data/recordKeeper.ts';
import type { ServiceOptions } from '../data/record.ts';
import type { Providers } from '../providers/file.ts';
import type { Rooms } from '../data/rooms.ts';

/** What the steps of putting a service together share. */
export interface Composition {
  readonly directory: DataDirectory;
  readonly options: ServiceOptions;
  readonly externals: Externals;
  readonly keys: ServiceKeys;
  readonly log: Logger;
  readonly cleanups: Cleanups;
  readonly record: RecordKeeper;
  readonly rooms: Rooms;
  /** Where nodes come from; null: from this machine alone. */
  readonly providers: Providers | null;
  /** Each gives why a part that requests need does not run; null: it does. */
  readonly troubles: (() => string | null)[];
}
