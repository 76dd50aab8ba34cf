import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';

/** Whom tokens for the data plane are for. */
const AUDIENCE = 'https://batch.core.windows.net/';
const DEFAULT_AUTHORITY = 'https://login.microsoftonline.com';
/** A token that lasts no longer than this is asked for anew. */
const LEAST_LEFT_MS = 5 * 60_000;
const ANSWER_WITHIN_MS = 60_000;

interface Token {
  readonly value: string;
  readonly until: number;
}

/** A program that signs in by itself. */
interface Principal {
  readonly tenant: string;
  readonly client: string;
  readonly secret: string;
  /** Undefined: that of Azure's public cloud. */
  readonly authority: string | undefined;
}

/** Tokens of a service principal (OAuth 2.0, client credentials). */
export function principalToken({ tenant, client, secret, authority = DEFAULT_AUTHORITY }: Principal): () => Promise<string> {
  const url = `${authority.replace(/\/+$/, '')}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
  return kept(async () => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: client, client_secret: secret, scope: `${AUDIENCE}.default` });
    let text: string;
    try {
      text = await (await fetch(url, { method: 'POST', body: form, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).text();
    } catch (cause) {
      throw new CommandError(EXIT.notRunning, `${url} gives no token: ${messageOf(cause instanceof Error ? (cause.cause ?? cause) : cause)}`);
    }
    const { access_token: value, expires_in: seconds, error_description: refusal = text.slice(0, 200) } = objectIn(text);
    if (typeof value !== 'string') throw new CommandError(EXIT.failure, `${url} gives no token for AZURE_CLIENT_ID ${client}: ${String(refusal).split(/\r?\n/)[0] ?? ''}`);
    return { value, until: Date.now() + Number(seconds ?? 0) * 1_000 };
  });
}

/** Tokens of whoever is signed in with the Azure CLI. */
export function azToken(environment: NodeJS.ProcessEnv): () => Promise<string> {
  return kept(async () => {
    const { expires_on: until, accessToken: value } = objectIn(await outputOfAz(['account', 'get-access-token', '--resource', AUDIENCE, '--output', 'json'], environment));
    if (typeof value !== 'string') throw new CommandError(EXIT.failure, 'az account get-access-token gives no token');
    // Older ones of az say the time in the zone of the machine alone: then each token is asked for.
    return { value, until: Number(until ?? 0) * 1_000 };
  });
}

/** Whether there is an Azure CLI. */
export function hasAz({ PATH = '' }: NodeJS.ProcessEnv): boolean {
  return PATH.split(delimiter).some((directory) => directory !== '' && isProgram(join(directory, 'az')));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function outputOfAz(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('az', words, { env: environment, timeout: ANSWER_WITHIN_MS }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim().split('\n').at(-1) ?? '';
      return reject(new CommandError(EXIT.failure, `az gives no token: ${said === '' ? messageOf(error) : said}`));
    });
  });
}

/** Those who ask while one is on its way share it. */
function kept(fetchToken: () => Promise<Token>): () => Promise<string> {
  let last: Token | undefined;
  let underWay: Promise<Token> | undefined;
  return async () => {
    if (last !== undefined && last.until - Date.now() > LEAST_LEFT_MS) return last.value;
    underWay ??= fetchToken().finally(() => (underWay = undefined));
    last = await underWay;
    return last.value;
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
