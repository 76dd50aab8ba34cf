import type { ExplainedReason } from '../../../wire/own/explanation.ts';
import type { Counts } from '../../charts/counts.ts';
import { own, type TaskRow } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Icon } from '../../parts/Icon.tsx';
import { sentence, shortNode } from '../../text/clean.ts';
import { count, counted } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { FixButtons } from '../fixes.tsx';
import { confirmBulk } from '../tasks/bulk.tsx';
import { filterOf } from '../tasks/filters.ts';

const LOOKED_AT = 200;
const BEATS = 3;

/** What of the job somebody should see to. */
export function JobBanner({ job, counts, reasons }: { readonly job: string; readonly counts: Counts | undefined; readonly reasons: readonly ExplainedReason[] }) {
  const failed = counts?.failed ?? 0;
  const filter = filterOf({ state: 'failed', node: '' });
  const rows = useResource(failed === 0 ? null : `${job} failures`, (signal) => own.tasks(job, { filter, sort: '-ended', from: 0, count: LOOKED_AT }, signal), { beats: BEATS });
  const never = reasons.filter((reason) => reason.never);
  if (failed === 0 && never.length === 0) return null;
  return (
    <section aria-label="Needs attention">
      <ul class="attn">
        {failed === 0 ? null : (
          <li class="hue-bad">
            <Icon name="cross" />
            <p>
              <b>{counted(failed, 'task')} failed.</b> {rows.data === undefined ? '' : grouped(rows.data.rows, failed)}
            </p>
            <span class="acts">
              <a class="btn s" href={to(['jobs', job], { tab: 'tasks', state: 'failed' })}>
                Show {failed === 1 ? 'it' : 'them'}
              </a>
              {!mayWrite() ? null : (
                <button type="button" class="btn s pri" data-rerun onClick={() => confirmBulk(job, 'rerun', { filter, ...(rows.data === undefined ? {} : { asOf: rows.data.rev }) })}>
                  Rerun {count(failed)}…
                </button>
              )}
            </span>
          </li>
        )}
        {never.map(({ code, message, count: tasks = 1, example, fixes = [] }) => (
          <li key={`${code} ${message}`} class="hue-come">
            <Icon name="warn" />
            <p>
              <b>{counted(tasks, 'task')} can never start.</b> {sentence(message)}
            </p>
            <span class="acts">
              {example === undefined ? null : <a class="btn s" href={to(['jobs', job, 'tasks', example])}>Explain</a>}
              <FixButtons fixes={fixes} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** By exit code, and the nodes where there are few: one task, one node, or all? */
function grouped(rows: readonly TaskRow[], failed: number): string {
  const byExit = new Map<string, TaskRow[]>();
  for (const row of rows) {
    const key = row.exitCode === undefined ? 'without an exit code' : `with exit ${row.exitCode}`;
    byExit.set(key, [...(byExit.get(key) ?? []), row]);
  }
  const groups = [...byExit].toSorted(([, a], [, b]) => b.length - a.length).slice(0, 3).map(([exit, of]) => {
    const nodes = [...new Set(of.flatMap(({ node }) => (node === undefined ? [] : [node])))];
    const where = nodes.length === 0 ? '' : nodes.length <= 2 ? ` on ${nodes.map(shortNode).join(' and ')}` : ` on ${nodes.length} nodes`;
    return `${count(of.length)} ended ${exit}${where}`;
  });
  return `${rows.length < failed ? `Of the last ${rows.length}: ` : ''}${groups.join('; ')}.`;
}
