import { Option, type Command } from 'commander';
import { sizeBetween } from '../size.ts';
import { wholeNumber } from '../wholeNumber.ts';

const MEBIBYTE = 1_048_576;
const FORM = 'expected a size like 64KiB or 1MB, at most 256MB';

/** Adds `linarite proxy` (docs/compare.md). */
export function addProxyCommand(program: Command): void {
  program
    .command('proxy')
    .description('stand before a Batch account, one of Azure too, and record what clients and it say to each other; or answer as it did')
    .option('--to <url>', 'the account, like https://ACCOUNT.REGION.batch.azure.com (default: $AZURE_BATCH_ENDPOINT)')
    .option('--record <file>', 'write each request and its answer there, without secrets; a new file')
    .option('--replay <file>', 'answer from a recording; no account is asked')
    .option('--sign', 'sign requests that come without credentials: with AZURE_BATCH_ACCOUNT and AZURE_BATCH_ACCESS_KEY, or a token of AZURE_CLIENT_ID or az')
    .option('--account <name>', 'for --sign, where the host of --to does not say it (default: $AZURE_BATCH_ACCOUNT)')
    .option('--key-file <file>', 'for --sign (default: $AZURE_BATCH_ACCESS_KEY)')
    .addOption(new Option('--most-body <size>', 'of files and other bodies that are no JSON; of longer ones hash and length are kept').argParser(sizeBetween(0, 256 * MEBIBYTE, FORM)).default(65_536, '64KiB'))
    .option('--port <port>', 'plain HTTP; 0 takes a free one', wholeNumber(0, 65_535), 10_900)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .action(async (options) => (await import('./proxy.ts')).proxy(options));
}
