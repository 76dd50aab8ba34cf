import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { createTurns } from '../local/turns.ts';
import { QUEUE_ENVIRONMENT, type QueuedJob, queueWords, readQueue } from './queue.ts';

/** Slurm's programs, as few processes of them as can be: whatever is asked of many jobs is asked at once. */
export interface SlurmCommands {
  /** The jobs of this user, those that ended a short time ago included. */
  queue(): Promise<readonly QueuedJob[]>;
  /** Submits a script. Returns the number of its job. */
  submit(words: readonly string[], script: string): Promise<number>;
  /** Whether Slurm would take it; throws its words where it would not. */
  trySubmit(words: readonly string[]): Promise<void>;
  /** Ends jobs and elements of arrays. Those that are over already are no failure. */
  cancel(ids: readonly string[]): Promise<void>;
  /** Of these machines those that do not answer. */
  silentHosts(hosts: readonly string[]): Promise<ReadonlySet<string>>;
  /** What any of Slurm's programs prints. */
  ask(program: 'sinfo' | 'scontrol', words: readonly string[]): Promise<string>;
}

/** Processes at a time. */
const AT_ONCE = 4;
/** A controller that does not answer is tried by Slurm's programs for a while. */
const ANSWER_MS = 60_000;
const LARGEST_OUTPUT_BYTES = 256 << 20;
/** Ids in the words of one scancel. */
const CANCELLED_AT_ONCE = 1_000;
const LONGEST_REASON = 400;

/** What of our environment Slurm's programs and the jobs need: sbatch hands on all that it gets. */
const KEPT_VARIABLES = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TZ', 'SLURM_CONF'] as const;

export function createSlurmCommands({ slurmConf, onStart = () => undefined }: { readonly slurmConf?: string; /** For each process. */ readonly onStart?: (program: string) => void }): SlurmCommands {
  const turn = createTurns(AT_ONCE);
  const kept = KEPT_VARIABLES.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  const environment = { ...Object.fromEntries(kept), ...QUEUE_ENVIRONMENT, ...(slurmConf === undefined ? {} : { SLURM_CONF: slurmConf }) };
  const user = userInfo().username;

  const run = async (program: string, words: readonly string[], input = ''): Promise<Answer> => {
    const over = await turn(() => undefined);
    onStart(program);
    return answerOf(program, words, environment, input).finally(over);
  };
  const mustRun = async (program: string, words: readonly string[], input = ''): Promise<string> => {
    const { status, output, complaint } = await run(program, words, input);
    if (status !== 0) throw new Error(sentenceOf(program, status, complaint === '' ? output : complaint));
    return output;
  };

  return {
    queue: async () => readQueue(await mustRun('squeue', queueWords(user))),
    submit: async (words, script) => {
      const output = await mustRun('sbatch', ['--parsable', ...words], script);
      // `--parsable` prints the cluster after a semicolon.
      const job = Number(output.trim().split('\n').at(-1)?.split(';')[0]);
      if (!Number.isInteger(job) || job <= 0) throw new Error(`sbatch: ${output.trim().slice(0, LONGEST_REASON)} is no number of a job.`);
      return job;
    },
    trySubmit: async (words) => void (await mustRun('sbatch', ['--test-only', ...words], '#!/bin/sh\n')),
    cancel: async (ids) => {
      for (let from = 0; from < ids.length; from += CANCELLED_AT_ONCE) {
        const { status, complaint } = await run('scancel', ids.slice(from, from + CANCELLED_AT_ONCE));
        const other = complaint.split('\n').filter((line) => line !== '' && !/invalid job id|already (completing|completed)|job\/step already/i.test(line));
        if (status !== 0 && other.length > 0) throw new Error(sentenceOf('scancel', status, other.join(' ')));
      }
    },
    silentHosts: async (hosts) => {
      if (hosts.length === 0) return new Set();
      const lines = (await mustRun('sinfo', ['--noheader', '--Node', `--nodes=${hosts.join(',')}`, '--Format=NodeHost:|,StateLong:|'])).split('\n');
      return new Set(lines.flatMap((line) => {
        const [host = '', state = ''] = line.split('|').map((field) => field.trim());
        // `*`: it does not answer.
        return host !== '' && /\*|^(down|unknown|fail)/.test(state) ? [host] : [];
      }));
    },
    ask: mustRun,
  };
}

interface Answer {
  readonly status: number | null;
  readonly output: string;
  readonly complaint: string;
}

function answerOf(program: string, words: readonly string[], environment: Readonly<Record<string, string | undefined>>, input: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: environment, stdio: ['pipe', 'pipe', 'pipe'], timeout: ANSWER_MS, killSignal: 'SIGKILL' });
    const output: Buffer[] = [];
    let bytes = 0;
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= LARGEST_OUTPUT_BYTES) output.push(chunk);
      else child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < LARGEST_COMPLAINT) complaint += text;
    });
    // It may end before it has read all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.once('close', (status, signal) => resolve({ status, output: Buffer.concat(output).toString('utf8'), complaint: signal === null ? complaint : `${complaint} it gave no answer within ${ANSWER_MS / 1000} seconds` }));
  });
}

const LARGEST_COMPLAINT = 64 << 10;

/** In Slurm's words, on one line. */
function sentenceOf(program: string, status: number | null, complaint: string): string {
  const words = complaint.split('\n').map((line) => line.replace(/^\w+: (error: )?/, '').trim()).filter((line) => line !== '').join('; ').slice(0, LONGEST_REASON);
  return `${program}: ${words === '' ? `it ended with code ${status}` : words.replace(/\.$/, '')}.`;
}
