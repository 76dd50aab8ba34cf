import { BATCH_AUDIENCE } from '../../api/identity/wellKnown.ts';
import type { SeedReport } from '../../api/seed/report.ts';
import { asOperator } from '../directory/asOperator.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { ask, connectionOf } from '../ownOperations.ts';
import { isWhole, linesOf } from '../seed/print.ts';
import { readSeedFile } from '../seed/read.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { runningService } from '../service/data/record.ts';

export interface SeedOptions {
  readonly dataDir?: string;
  readonly dryRun?: boolean;
  readonly update?: boolean;
  readonly json?: boolean;
}

/** `linarite seed`. Failure where something is refused or differs. @throws CommandError usage, failure, notRunning. */
export async function seed(path: string, { dataDir, dryRun = false, update = false, json = false }: SeedOptions): Promise<ExitCode> {
  const { document, lineOf } = await readSeedFile(path);
  const report = await sent(dataDir, { seed: document, dryRun, update });
  console.log(json ? JSON.stringify(report, undefined, 2) : linesOf(report, lineOf).join('\n'));
  return isWhole(report) ? EXIT.ok : EXIT.failure;
}

/**
 * As the operator, where the service runs on this machine: accounts and blobs are not made for the key of an account.
 */
async function sent(dataDir: string | undefined, body: object): Promise<SeedReport> {
  const service = connectionOf(dataDir);
  const directory = findDataDirectory(dataDirectoryPath(dataDir));
  const record = directory === undefined ? undefined : runningService(directory);
  if (record?.endpoint === service.endpoint) return (await asOperator(dataDir)({ ...REQUEST, body, audience: BATCH_AUDIENCE })) as SeedReport;
  return JSON.parse(await ask(service, { ...REQUEST, body })) as SeedReport;
}

const REQUEST = { method: 'POST', path: '/linarite/seed' } as const;
