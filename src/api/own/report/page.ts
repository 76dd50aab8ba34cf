import { timeText } from '../../../base/times.ts';
import type { Histogram } from '../../../wire/own/histogram.ts';
import type { TaskRow } from '../../../wire/own/tasks.ts';
import { Html, html } from './html.ts';

/** What a report tells. */
export interface Reported {
  readonly job: string;
  readonly state: string;
  readonly at: string;
  readonly began: string;
  readonly lasted: string;
  readonly counts: { readonly succeeded: number; readonly failed: number; readonly running: number; readonly waiting: number };
  readonly retries: number;
  /** Attempts that were given up, as far back as events are kept; `isAll`: all of those were looked at. */
  readonly preempted: number;
  readonly requeued: number;
  readonly isAll: boolean;
  readonly runs: Pick<Histogram, 'p50' | 'p95' | 'p99' | 'max' | 'n'>;
  readonly waits: Pick<Histogram, 'p50' | 'p95' | 'p99' | 'max' | 'n'>;
  /** In US dollars of list prices. Lost: what had to be done again. */
  readonly cost: { readonly nodeHours: number; readonly amount: number; readonly lostHours: number; readonly lost: number };
  readonly slowest: readonly TaskRow[];
  readonly failed: readonly Failure[];
  readonly failedInAll: number;
}

export interface Failure {
  readonly row: TaskRow;
  /** The end of it. */
  readonly stderr: string;
}

const STYLE = new Html(`body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d8dee4}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{background:#f6f8fa;padding:.75rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}td{overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}pre{background:#161b22}}`);

/** One file without script, and nothing from elsewhere. */
export function page(reported: Reported): string {
  const { job, state, at, began, lasted, counts, retries, preempted, requeued, isAll, runs, waits, cost, slowest, failed, failedInAll } = reported;
  const { text } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Report of job ${job}</title><style>${STYLE}</style></head><body>
<h1>Report of job <bdi>${job}</bdi></h1>
<p>The job is ${state}. It began ${began} and ${state === 'completed' ? 'lasted' : 'has lasted'} ${lasted}. Written ${at}.</p>
<h2>Tasks</h2>
<table><tr><th class="n">succeeded</th><th class="n">failed</th><th class="n">running</th><th class="n">waiting</th><th class="n">retries</th><th class="n">preempted</th><th class="n">requeued</th></tr>
<tr><td class="n">${counts.succeeded}</td><td class="n">${counts.failed}</td><td class="n">${counts.running}</td><td class="n">${counts.waiting}</td><td class="n">${retries}</td><td class="n">${preempted}</td><td class="n">${requeued}</td></tr></table>
<p>Preempted: attempts whose node was taken back, or that made room for tasks of a higher priority. Requeued: given up otherwise, as by a client or with a node that was lost. Both as far back as events are kept${isAll ? '' : ', of which not all could be read in time'}.</p>
<h2>Times</h2>
<table><tr><th></th><th class="n">tasks</th><th class="n">median</th><th class="n">95 %</th><th class="n">99 %</th><th class="n">longest</th></tr>
${times('ran', runs)}${times('waited', waits)}</table>
<h2>Cost</h2>
<p>${number(cost.nodeHours)} node-hours, ${number(cost.amount)} USD at list prices; of it ${number(cost.lostHours)} node-hours, ${number(cost.lost)} USD, for work that had to be done again.</p>
<h2>Slowest tasks</h2>
${slowest.length === 0 ? html`<p>None has ended.</p>` : taskTable(slowest)}
<h2>Failed tasks</h2>
${failed.length === 0 ? html`<p>None.</p>` : html`<p>${failed.length === failedInAll ? `All ${failedInAll}.` : `The first ${failed.length} of ${failedInAll}.`}</p>${failed.map(failure)}`}
</body></html>
`;
  return text;
}

function times(what: string, { p50, p95, p99, max, n }: Reported['runs']): Html {
  const [median, most, nearly, longest] = [p50, p95, p99, max].map((seconds) => timeText(seconds * 1_000)) as [string, string, string, string];
  return html`<tr><th>${what}</th><td class="n">${n}</td><td class="n">${median}</td><td class="n">${most}</td><td class="n">${nearly}</td><td class="n">${longest}</td></tr>`;
}

function taskTable(rows: readonly TaskRow[]): Html {
  return html`<table><tr><th>task</th><th class="n">ran</th><th class="n">waited</th><th class="n">exit</th><th class="n">retries</th><th>node</th></tr>${rows.map(
    ({ id, runMs, waitMs, exitCode, retries, node = '' }) => html`<tr><td><bdi>${id}</bdi></td><td class="n">${runMs === undefined ? '–' : timeText(runMs)}</td><td class="n">${timeText(waitMs)}</td><td class="n">${exitCode ?? '–'}</td><td class="n">${retries}</td><td>${node}</td></tr>`,
  )}</table>`;
}

function failure({ row: { id, exitCode, failure: why, node = 'no node', retries, commandLine }, stderr }: Failure): Html {
  return html`<h3><bdi>${id}</bdi></h3><p>${exitCode === undefined ? 'No exit code' : `Exit code ${exitCode}`} on ${node}, after ${retries} retries${why === undefined ? '' : `: ${why.code}, ${why.message}`}</p><pre>${commandLine}</pre><pre>${stderr}</pre>`;
}

function number(amount: number): string {
  return amount.toFixed(2);
}
