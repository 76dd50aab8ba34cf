import type { AddressInfo } from 'node:net';
import { createServer, type RequestListener, type Server } from 'node:http';
import { codeOf, messageOf } from '../../base/errors.ts';
import { accountInHost, credentialsOf } from '../credentials/credentials.ts';
import { CommandError, EXIT } from '../errors.ts';
import { createRecording, readRecording } from '../recording/file.ts';
import { secretInFile } from '../secretInFile.ts';
import { createForwarder } from './forward.ts';
import { createReplay } from './replay.ts';

/** The flags of `linarite proxy`. */
export interface ProxyFlags {
  readonly to?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly sign?: boolean;
  readonly account?: string;
  readonly keyFile?: string;
  /** Bytes. */
  readonly mostBody: number;
  readonly port: number;
  readonly host: string;
}

/** JSON of any answer of the service is less: its lists come in pages of 1,000. */
const MOST_JSON_BYTES = 32 * 1_048_576;
const MOST_CONNECTIONS = 1_000;
const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

/** What a proxy does for as long as it runs. */
interface Work {
  readonly onRequest: RequestListener;
  /** Below the line that says where it listens. */
  readonly about: string;
  /** What it came to; `failed`: not all that was asked for. */
  readonly end: () => { readonly said: string; readonly failed: boolean };
}

/** `linarite proxy`: until Ctrl-C. @throws CommandError usage, portTaken. */
export async function proxy(flags: ProxyFlags): Promise<void> {
  const work = flags.replay === undefined ? await forwarding(flags, process.env) : await replaying(flags, flags.replay);
  const server = createServer({ requestTimeout: 0 }, work.onRequest);
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, flags);
  const { address, family, port } = server.address() as AddressInfo;
  console.log(work.about);
  console.log(`  clients: export AZURE_BATCH_ENDPOINT=http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
  await interrupted();
  server.close();
  server.closeAllConnections();
  const { said, failed } = work.end();
  console.log(said);
  if (failed) process.exitCode = EXIT.failure;
}

function listen(server: Server, { port, host }: ProxyFlags): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const isTaken = codeOf(error) === 'EADDRINUSE';
      reject(new CommandError(isTaken ? EXIT.portTaken : EXIT.usage, isTaken ? `port ${port} on ${host} is taken: give another one with --port, or 0 for a free one` : `cannot listen on ${host}: ${messageOf(error)}`));
    });
    server.listen(port, host, resolve);
  });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

async function forwarding(flags: ProxyFlags, environment: NodeJS.ProcessEnv): Promise<Work> {
  const target = targetOf(flags.to ?? environment['AZURE_BATCH_ENDPOINT']);
  const { record, sign = false, account, keyFile, mostBody, host } = flags;
  if (!sign && (account !== undefined || keyFile !== undefined)) throw new CommandError(EXIT.usage, '--account and --key-file are for --sign: without it clients sign for themselves');
  if (sign && !LOOPBACK.test(host)) throw new CommandError(EXIT.usage, `--sign lets whoever reaches the proxy into the account, so it goes with an address of this machine alone, and not with --host ${host}`);
  const credentials = sign
    ? credentialsOf({ account: account ?? environment['AZURE_BATCH_ACCOUNT'] ?? accountInHost(target), key: keyFile === undefined ? environment['AZURE_BATCH_ACCESS_KEY'] : secretInFile(keyFile), endpoint: target }, environment)
    : null;
  // Who is not signed in is to hear it now, and not his clients later.
  if (credentials?.kind === 'token') await credentials.token();
  const writer = record === undefined ? null : createRecording(record, { linarite: 'recording', version: 1, to: target.origin, begun: new Date().toISOString() });
  const counts = { recorded: 0, unwritten: 0 };
  const { onRequest, close } = createForwarder({
    target,
    credentials,
    limits: { jsonBytes: MOST_JSON_BYTES, otherBytes: mostBody },
    now: Date.now,
    say: (line) => console.error(`linarite: ${line}`),
    onExchange: (exchange) => {
      try {
        writer?.write(exchange);
        counts.recorded += 1;
      } catch (error) {
        if (counts.unwritten === 0) console.error(`linarite: ${record ?? ''} cannot be written: ${messageOf(error)}`);
        counts.unwritten += 1;
      }
    },
  });
  return {
    onRequest,
    about: `passing requests on to ${target.origin}${record === undefined ? '' : ` and recording them to ${record}`}`,
    end: () => {
      close();
      writer?.close();
      return { said: `${counts.recorded} ${counts.recorded === 1 ? 'exchange' : 'exchanges'} ${record === undefined ? 'passed on' : `recorded to ${record}`}${counts.unwritten === 0 ? '' : `, ${counts.unwritten} could not be written`}`, failed: counts.unwritten > 0 };
    },
  };
}

async function replaying({ to, record, sign }: ProxyFlags, file: string): Promise<Work> {
  if (record !== undefined || to !== undefined || sign !== undefined) throw new CommandError(EXIT.usage, '--replay asks no account: it does not go with --to, --record or --sign');
  const recording = await readRecording(file);
  const { onRequest, counts } = createReplay(recording);
  return {
    onRequest,
    about: `answering as ${recording.head.to} did on ${recording.head.begun}, from ${recording.exchanges.length} exchanges in ${file}`,
    end: () => ({ said: `${counts.answered} requests answered, ${counts.missing} not in the recording`, failed: false }),
  };
}

/** @throws CommandError usage. */
function targetOf(to: string | undefined): URL {
  if (to === undefined || to === '') {
    throw new CommandError(
      EXIT.usage,
      'no account is named: give --to https://ACCOUNT.REGION.batch.azure.com (az batch account show -n ACCOUNT -g GROUP --query accountEndpoint -o tsv), or set AZURE_BATCH_ENDPOINT; to answer from a recording give --replay FILE',
    );
  }
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(to) ? to : `https://${to}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) throw new CommandError(EXIT.usage, `--to ${to} is no endpoint: one looks like https://ACCOUNT.REGION.batch.azure.com`);
  if (url.username !== '' || url.pathname !== '/' || url.search !== '') throw new CommandError(EXIT.usage, '--to is scheme, host and port alone');
  return url;
}
