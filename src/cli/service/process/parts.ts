import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { TrustedIssuer } from '../../../api/identity/outsideIssuers.ts';
import type { SeedReport } from '../../../api/seed/report.ts';
import type { StorageAccounts } from '../../../blobs/accounts.ts';
import type { ArchiveSettings } from '../../../control/archiveSettings.ts';
import type { AccountNumber } from '../../../core/keys.ts';
import type { SilenceBounds } from '../../../control/silence.ts';
import type { ContainerSupport, NetworkKind } from '../../../nodes/provider.ts';
import type { AccountHost, AgentDoor, Commits, Figures, Explanations, NodeFiles, NodeRequests, SettableClock, Wake } from '../../../ports.ts';
import type { Connection } from '../../../store/connect.ts';
import type { MigrateOptions } from '../../../store/migrate.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import type { ServiceKeys } from '../data/keys.ts';
import type { NodeOptions } from '../nodeOptions.ts';
import type { Providers } from '../providers/file.ts';
import type { RegionOptions } from '../regionOptions.ts';
import type { SeveralPart } from '../several/part.ts';
import type { SeveralOptions } from '../several/severalOptions.ts';
import type { ServiceTime } from './time.ts';

/** Where accounts are reached by who names none. */
export interface AccountAddresses {
  /** What the names of hosts end with; null: accounts have addresses instead. */
  readonly suffix: string | null;
  /** Gives an account an address of its own, where the machine has such. */
  open(account: AccountNumber): Promise<void>;
  close(account: AccountNumber): Promise<void>;
  /** undefined: it has none. */
  of(account: AccountNumber): string | undefined;
}

/** What the parts of a service are given to work with. */
export interface ServiceContext {
  /**
   * Why this machine takes nothing more (a full disk, a database that does not start), in one sentence; null: it does.
   */
  readonly trouble: () => string | null;
  /** Which other disks are full, in one sentence; null: none. */
  readonly warning: () => string | null;
  /** Of this process, random; owners and heartbeats go by it. */
  readonly processId: string;
  readonly directory: DataDirectory;
  readonly keys: ServiceKeys;
  readonly connection: Connection;
  /** The address that the service listens at. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`, reachable from this machine. */
  readonly endpoint: string;
  /** `ws://127.0.0.1:PORT/linarite/agent` */
  readonly agentUrl: string;
  readonly addresses: AccountAddresses;
  /** When agents that do not answer are given up. */
  readonly silence: SilenceBounds;
  /** No job lasts longer; null: there is no such bound. */
  readonly maxJobTimeMs: number | null;
  /** Outside issuers whose tokens are taken. */
  readonly issuers: readonly TrustedIssuer[];
  readonly region: RegionOptions;
  /** What all processes of the database share; undefined: this one has it for itself. */
  readonly clusterKey: string | undefined;
  readonly several: SeveralOptions;
  /** Formulas of pools may run as often as this; undefined: as on Azure. */
  readonly autoScaleMinIntervalMs: number | undefined;
  /** Webhooks may lead to this machine and to private networks. */
  readonly webhookPrivate: boolean;
  /** How nodes of this machine are made. */
  readonly nodes: NodeOptions;
  /** Where nodes come from; null: from this machine alone. */
  readonly providers: Providers | null;
  readonly archive: ArchiveSettings;
  readonly time: ServiceTime;
  readonly log: Logger;
}

/** The owners of the accounts, running. */
export interface OwnerPart {
  readonly ports: { readonly wake: Wake; readonly commits: Commits; readonly figures: Figures; readonly explanations: Explanations; readonly door: AgentDoor; readonly files: NodeFiles; readonly nodeRequests: NodeRequests; readonly host: AccountHost; readonly storages: StorageAccounts; readonly settableClock: SettableClock | null };
  /** Null: this process has the database for itself. */
  readonly several: SeveralPart | null;
  /** Why accounts are not worked on now, in one sentence; null: they are. */
  readonly trouble: () => string | null;
  /** To be called when there is room on a full disk again. */
  readonly roomSeen: () => void;
  /** What the provider cannot guarantee on this machine. */
  readonly limits: readonly string[];
  /** How far nodes are places of their own, in the provider's word. */
  readonly isolation?: string;
  /** Whose network they have. */
  readonly network?: NetworkKind;
  /** What runs containers on its nodes: tried out when the service works already. Never rejects. */
  readonly containers: () => Promise<ContainerSupport>;
  /**
   * `end`: tasks are requeued without counting a retry, agents end them and themselves. `leave`: both go on without us.
   */
  stop(agents: 'end' | 'leave'): Promise<void>;
}

/** The HTTP interface, serving. */
export interface ApiPart {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Makes what a document says there is to be, as whoever runs the service. @throws BatchError */
  seed(document: unknown, signal: AbortSignal): Promise<SeedReport>;
  /** Ends answers that would go on for ever. Left out: there are none. */
  leave?(): void;
  stop(): Promise<void>;
}

/** The parts that a service is made of beside its processes; tests may put others in their place. */
export interface Parts {
  /**
   * Brings the database to this release's tables, and seals with `keys` what earlier ones have left in plain text;
   * where they are left out, a later call does. Throws `NewerDatabase`, `NoRoomToMigrate`.
   */
  migrate(connection: Connection, options: MigrateOptions & { readonly keys?: ServiceKeys }): Promise<void>;
  /** Claims the account once the storage is there. Rejects, with nothing left behind, if the storage fails. */
  startOwner(context: ServiceContext, storage: Promise<StorageAccounts>): Promise<OwnerPart>;
  startApi(context: ServiceContext, owner: OwnerPart): Promise<ApiPart>;
}
