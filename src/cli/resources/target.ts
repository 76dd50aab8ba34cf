import { Option, type Command } from 'commander';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { accountInHost, credentialsOf } from '../credentials/credentials.ts';
import { connectionOf, type Connection } from '../ownOperations.ts';
import { secretInFile } from '../secretInFile.ts';

/**
 * Which account a command is about. The key comes from a file or the environment: every user can read command lines.
 */
export interface TargetFlags {
  readonly dataDir?: string;
  /** `http://127.0.0.1:10800`, or `https://NAME.REGION.batch.azure.com`. */
  readonly endpoint?: string;
  readonly account?: string;
  readonly keyFile?: string;
}

/** The flags that say it. */
function targetOptions(): readonly Option[] {
  return [
    new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)'),
    new Option('--endpoint <url>', 'of any Batch account, one of Azure too (default: $AZURE_BATCH_ENDPOINT)'),
    new Option('--account <name>', 'its name, where the endpoint does not say it (default: $AZURE_BATCH_ACCOUNT)'),
    new Option('--key-file <file>', 'with its key (default: $AZURE_BATCH_ACCESS_KEY, else a token: of $AZURE_CLIENT_ID, or of az)'),
  ];
}

/** Adds these flags to a command. */
export function withTargetOptions(command: Command): Command {
  for (const option of targetOptions()) command.addOption(option);
  return command;
}

/**
 * The account that flags name, else the one of the environment, else the service of the data directory. @throws
 * CommandError usage for half of what is needed, notRunning.
 */
export function targetOf({ dataDir, endpoint, account, keyFile }: TargetFlags, environment: NodeJS.ProcessEnv = process.env): Connection {
  if (endpoint === undefined && account === undefined && keyFile === undefined) return connectionOf(dataDir);
  if (dataDir !== undefined) throw new CommandError(EXIT.usage, '--data-dir and --endpoint, --account or --key-file name two services: give one of them');
  const url = withScheme(endpoint ?? environment['AZURE_BATCH_ENDPOINT'] ?? '');
  if (url === undefined) throw new CommandError(EXIT.usage, 'no endpoint is named: give --endpoint, or set AZURE_BATCH_ENDPOINT');
  const name = account ?? environment['AZURE_BATCH_ACCOUNT'] ?? accountInHost(url);
  const key = keyFile === undefined ? environment['AZURE_BATCH_ACCESS_KEY'] : secretInFile(keyFile);
  return { endpoint: url.href.replace(/\/+$/, ''), credentials: credentialsOf({ account: name, key, endpoint: url }, environment) };
}

function withScheme(endpoint: string): URL | undefined {
  try {
    return endpoint === '' ? undefined : new URL(/^https?:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${endpoint} is no endpoint: ${messageOf(error)}`);
  }
}
