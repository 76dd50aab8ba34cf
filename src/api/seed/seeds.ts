import type { Logger } from 'pino';
import type { Account } from '../accounts.ts';
import type { Identity } from '../identity/identity.ts';
import type { ManagementParts } from '../management/call.ts';
import type { AccountPart } from '../roles.ts';
import type { ItemKind } from './item.ts';
import { readSeed } from './read.ts';
import type { SeedReport } from './report.ts';
import { runSeed, type SeedOptions } from './run.ts';

/** Who asks for a seed. */
export interface Asker {
  readonly account: Account;
  /** null: whoever has the account's key. */
  readonly identity: Identity | null;
  readonly baseUrl: string;
  readonly signal: AbortSignal;
  /** Whether the caller may write a part of the account. @throws BatchError InsufficientAccountPermissions. */
  readonly permit: (of: AccountPart) => void;
}

/** Makes what documents say there is to be. */
export interface Seeds {
  /** @throws BatchError for a document that cannot be read; of its items the report tells. */
  run(document: unknown, options: SeedOptions, asker: Asker): Promise<SeedReport>;
}

/** There may be very many, and whoever made them is told of each. */
const NOT_LOGGED: ReadonlySet<ItemKind> = new Set(['task', 'blob']);

export function createSeeds(parts: () => ManagementParts, log: Pick<Logger, 'info'>): Seeds {
  return {
    run: async (document, options, asker) => {
      const report = await runSeed(readSeed(document), { ...asker, parts: parts(), now: () => parts().clock() }, options);
      const by = asker.identity === null ? { account: asker.account.name } : { objectId: asker.identity.objectId, name: asker.identity.name };
      if (!options.dryRun) for (const { kind, id, outcome } of report.items) if (outcome !== 'unchanged' && !NOT_LOGGED.has(kind)) log.info({ kind, id, outcome, ...by }, 'seed item');
      log.info({ counts: report.counts, dryRun: options.dryRun, ...by }, 'seed');
      return report;
    },
  };
}
