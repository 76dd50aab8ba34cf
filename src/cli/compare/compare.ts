import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { authorizationOf } from '../credentials/credentials.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Connection } from '../ownOperations.ts';
import { wholeBody } from '../recording/body.ts';
import type { Exchange } from '../recording/exchange.ts';
import { readRecording } from '../recording/file.ts';
import { hiddenAnswerHeaders, hiddenIn } from '../recording/hiding.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';
import { differencesOf } from './differences.ts';
import { createMapping, type Mapping, type SentRequest } from './mapping.ts';
import { startOwnService } from './ownService.ts';
import { createLacking } from './lacking.ts';
import { isAlike, linesOf, type Compared, type Comparison } from './report.ts';
import { isMembers } from './walk.ts';

/** The flags of `linarite compare`. */
export interface CompareFlags extends TargetFlags {
  readonly output: 'text' | 'json';
  /** Milliseconds. */
  readonly patience: number;
}

/** How often something that has not come as far is asked for again. */
const AGAIN_MS = 200;
/** Refusals by a state that passes by itself. */
const PASSING_CODES: ReadonlySet<string> = new Set(['PoolBeingDeleted', 'JobBeingDeleted', 'JobScheduleBeingDeleted', 'CertificateBeingDeleted', 'PoolBeingResized', 'JobBeingTerminated', 'OperationInvalidForCurrentState', 'JobScheduleBeingTerminated']);
const ANSWER_WITHIN_MS = 120_000;
/** All of an answer is compared. */
const ALL = { jsonBytes: Infinity, otherBytes: Infinity };

/** `linarite compare FILE`. @throws CommandError usage, notRunning, failure: no service starts. */
export async function compare(file: string, flags: CompareFlags): Promise<void> {
  const { head, exchanges } = await readRecording(file);
  const { dataDir, endpoint } = flags;
  const own = dataDir === undefined && endpoint === undefined ? await startOwnService() : null;
  try {
    const connection = own?.connection ?? targetOf(flags);
    const mapping = createMapping(new URL(head.to).origin, connection.endpoint);
    const compared: Compared[] = [];
    const lacking = createLacking();
    for (const exchange of exchanges) {
      const one = lacking.told(await compareOne(exchange, { connection, mapping, patienceMs: flags.patience }), exchange);
      compared.push(one);
      if (flags.output === 'text') for (const line of linesOf(one)) console.log(line);
    }
    const comparison: Comparison = { there: head.to, here: own === null ? connection.endpoint : 'a service of its own', exchanges: compared, ...countsOf(compared) };
    console.log(flags.output === 'json' ? JSON.stringify(comparison, undefined, 2) : sentenceOf(comparison));
    if (comparison.differ > 0) process.exitCode = EXIT.failure;
  } finally {
    await own?.end();
  }
}

interface Comparing {
  readonly connection: Connection;
  readonly mapping: Mapping;
  readonly patienceMs: number;
}

async function compareOne(exchange: Exchange, { connection, mapping, patienceMs }: Comparing): Promise<Compared> {
  const { number, request, answer: there } = exchange;
  const about = { number, method: request.method, path: request.path, status: there.status };
  const sent = mapping.requestOf(exchange, Date.now());
  if ('unsent' in sent) return { ...about, outcome: 'unsent', reason: sent.unsent, differences: [] };
  const until = Date.now() + patienceMs;
  for (;;) {
    const here = await answerTo(connection, sent);
    const differences = differencesOf(withoutSecrets(there), here);
    const isBehind = differences.some(({ kind }) => kind === 'progress');
    const isReading = sent.method === 'GET' || sent.method === 'HEAD';
    if (((isBehind && isReading) || isRefusedForNow(there, here)) && Date.now() + AGAIN_MS < until) {
      await pause(AGAIN_MS);
      continue;
    }
    mapping.learn(there, here);
    return { ...about, outcome: differences.every(isAlike) ? (isBehind ? 'behind' : 'alike') : 'differs', differences };
  }
}

/** Something is on its way to where it was there; what is refused has done nothing, and can be asked again. */
function isRefusedForNow(there: Exchange['answer'], { status, body }: Exchange['answer']): boolean {
  return there.status < 400 && status === 409 && body !== null && 'json' in body && isMembers(body.json) && PASSING_CODES.has(String(body.json['code']));
}

/** Others than the proxy write recordings too, and may leave in them what answers here are shown without. */
function withoutSecrets(answer: Exchange['answer']): Exchange['answer'] {
  const { body } = answer;
  return body !== null && 'json' in body ? { ...answer, body: { json: hiddenIn(body.json) } } : answer;
}

/** @throws CommandError notRunning. */
async function answerTo({ endpoint, credentials }: Connection, { method, path, headers: given, body }: SentRequest): Promise<Exchange['answer']> {
  const headers = { ...given, 'ocp-date': new Date().toUTCString() };
  const length = body.length === 0 ? {} : { 'content-length': String(body.length) };
  const authorization = await authorizationOf(credentials, { method, rawUrl: path, headers: { ...headers, ...length }, bodyLength: body.length });
  try {
    const answer = await fetch(`${endpoint}${path}`, { method, headers: { ...headers, authorization }, ...(body.length === 0 ? {} : { body }), redirect: 'manual', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, headers: hiddenAnswerHeaders(Object.fromEntries(answer.headers)), body: wholeBody(answer.headers.get('content-type') ?? undefined, bytes, ALL) };
  } catch (cause) {
    throw new CommandError(EXIT.notRunning, `${endpoint} does not answer to ${method} ${path}: ${messageOf(cause instanceof Error ? (cause.cause ?? cause) : cause)}`);
  }
}

function countsOf(compared: readonly Compared[]): Pick<Comparison, 'alike' | 'behind' | 'differ' | 'follow' | 'unsent'> {
  const count = (outcome: Compared['outcome']): number => compared.filter((one) => one.outcome === outcome).length;
  return { alike: count('alike'), behind: count('behind'), differ: count('differs'), follow: count('follows'), unsent: count('unsent') };
}

function sentenceOf({ exchanges, alike, behind, differ, follow, unsent }: Comparison): string {
  const parts = [`${alike} alike`, ...(behind === 0 ? [] : [`${behind} alike but for how far it had come`]), `${differ} ${differ === 1 ? 'differs' : 'differ'}`, ...(follow === 0 ? [] : [`${follow} about what could not be made here`]), ...(unsent === 0 ? [] : [`${unsent} not sent`])];
  return `${exchanges.length} ${exchanges.length === 1 ? 'exchange' : 'exchanges'}: ${parts.join(', ')}`;
}
