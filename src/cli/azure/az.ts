import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_SUFFIX } from '../../api/hostNames.ts';
import { BATCH_AUDIENCE, DEFAULT_SUBSCRIPTION_ID, MANAGEMENT_AUDIENCES, OPERATOR, TENANT_ID } from '../../api/identity/wellKnown.ts';
import { messageOf } from '../../base/errors.ts';
import { runInOurPlace } from '../child.ts';
import { CommandError, EXIT } from '../errors.ts';
import { provideKeys } from '../service/data/keys.ts';
import { quoteForShell } from '../../base/shellWords.ts';
import { runningOn, type Running } from './running.ts';

/** What `az` calls this service. */
const CLOUD = 'Linarite';
/** Says which service the configuration is for. */
const MARK = 'linarite.json';
const AZ_MISSING = 'az cannot be run, which is of Debian’s package azure-cli';

export interface AzSetupOptions {
  readonly dataDir?: string;
  readonly apply?: boolean;
}

/** `linarite az setup`: prints how `az` is pointed here, or does it in a configuration directory of its own. */
export function azSetup({ dataDir, apply }: AzSetupOptions): void {
  const running = runningOn(dataDir);
  const environment = azEnvironment(running);
  if (apply === true) configure(running);
  else writeSecret(running);
  for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${quoteForShell(value)}`);
  if (apply !== true) for (const words of commands(running)) console.log(`az ${words.map(quoteForShell).join(' ')}`);
}

/** `linarite az -- …`: the `az` of this machine, pointed here. Returns its exit status. @throws CommandError */
export async function az(words: readonly string[], { dataDir }: { readonly dataDir?: string }): Promise<number> {
  const running = runningOn(dataDir);
  if (!isConfigured(running)) configure(running);
  return runInOurPlace('az', words, { ...process.env, ...azEnvironment(running) }).catch((error: unknown) => {
    throw new CommandError(EXIT.failure, `${AZ_MISSING}: ${messageOf(error)}`);
  });
}

/** Among the keys: tokens and the operator's secret lie in it. */
function directoryOf({ directory }: Running): string {
  return join(directory.keys, 'az');
}

function azEnvironment(running: Running): Readonly<Record<string, string>> {
  return {
    AZURE_CONFIG_DIR: directoryOf(running),
    REQUESTS_CA_BUNDLE: join(running.directory.certificates, 'ca.pem'),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
  };
}

function commands(running: Running): readonly (readonly string[])[] {
  return [
    ['cloud', 'register', '--name', CLOUD, '--cloud-config', cloudConfig(running)],
    ['cloud', 'set', '--name', CLOUD],
    // A file: what stands in an argument, every user of the machine may read.
    ['login', '--service-principal', '--username', OPERATOR.appId, '--password', `@${secretFile(running)}`, '--tenant', TENANT_ID],
    ['account', 'set', '--subscription', DEFAULT_SUBSCRIPTION_ID],
  ];
}

/**
 * All endpoints at once: `az` has no option for that of Batch. `/adfs` keeps MSAL from asking Microsoft about an
 * authority that it does not know.
 */
function cloudConfig({ record: { managementEndpoint, options } }: Running): string {
  const [managementAudience = ''] = MANAGEMENT_AUDIENCES;
  return JSON.stringify({
    endpoints: {
      resourceManager: managementEndpoint,
      management: managementEndpoint,
      activeDirectory: `${managementEndpoint}/adfs`,
      activeDirectoryResourceId: managementAudience,
      activeDirectoryGraphResourceId: `${managementEndpoint}/graph`,
      microsoftGraphResourceId: `${managementEndpoint}/graph`,
      batchResourceId: BATCH_AUDIENCE,
    },
    suffixes: { storageEndpoint: `core.${options.hostSuffix ?? HOST_SUFFIX}:${new URL(managementEndpoint).port}`, keyvaultDns: '.vault.localhost' },
  });
}

function configure(running: Running): void {
  writeSecret(running);
  const environment = { ...process.env, ...azEnvironment(running) };
  const run = (words: readonly string[]): string => execFileSync('az', words, { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const [register = [], ...rest] = commands(running);
    const known = JSON.parse(run(['cloud', 'list', '--query', '[].name', '--output', 'json'])) as readonly string[];
    run(known.includes(CLOUD) ? ['cloud', 'update', ...register.slice(2)] : register);
    for (const words of rest) run(words);
  } catch (error) {
    throw new CommandError(EXIT.failure, `${isMissing(error) ? AZ_MISSING : 'az could not be pointed here'}: ${messageOf(error)}`);
  }
  writeFileSync(join(directoryOf(running), MARK), mark(running));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isConfigured(running: Running): boolean {
  try {
    return readFileSync(join(directoryOf(running), MARK), 'utf8') === mark(running);
  } catch {
    return false;
  }
}

function mark(running: Running): string {
  return `${cloudConfig(running)}\n`;
}

function secretFile(running: Running): string {
  return join(directoryOf(running), 'operator-secret');
}

/** Without a line's end: `az` takes all of the file. */
function writeSecret(running: Running): void {
  const { directory, record } = running;
  mkdirSync(directoryOf(running), { recursive: true, mode: 0o700 });
  writeFileSync(secretFile(running), provideKeys(directory.keys, record.wellKnownKeys).operatorSecret, { mode: 0o600 });
}
