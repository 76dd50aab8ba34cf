import { useState } from 'preact/hooks';
import type { Timeline } from '../../../wire/own/timeline.ts';
import { OUTCOMES } from '../../charts/ganttGeometry.ts';
import { More } from '../../parts/More.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { shortNode } from '../../text/clean.ts';
import { counted, duration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

/** Drawn at first, and more with each click. */
const STEP = 200;

/** The attempts of the picture, a line each, the earliest first; what shares pixels there is one line. */
export function GanttTable({ job, timeline: { from, to: until, width, lanes } }: { readonly job: string; readonly timeline: Timeline }) {
  const [shown, setShown] = useState(STEP);
  const pxMs = (until - from) / width;
  const all = lanes.flatMap(({ node, pool, slot, runs }) => runs.map(([px, pixels, outcome, n, , task]) => ({ node, pool, slot, outcome, n, task, at: from + px * pxMs, ms: pixels * pxMs }))).toSorted((one, other) => one.at - other.at);
  const rows = all.slice(0, shown);
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">Attempt of</th><th scope="col">Outcome</th><th scope="col">Node</th><th scope="col" class="n">Slot</th><th scope="col" class="n">From about</th><th scope="col" class="n">About</th></tr></thead>
          <tbody>
            {rows.map(({ node, pool, slot, outcome, n, task, at, ms }) => (
              <tr key={`${node} ${slot} ${at}`} data-row tabIndex={-1}>
                <td>{task === undefined ? counted(n, 'task') : <a href={to(['jobs', job, 'tasks', task])} data-open><Name mono most={40}>{task}</Name></a>}</td>
                <td>{OUTCOMES[outcome]}</td>
                <td><a class="mono" href={to(['pools', pool, 'nodes', node])} title={node}>{shortNode(node)}</a></td>
                <td class="n">{slot}</td>
                <td class="n"><Time at={at} /></td>
                <td class="n">{duration(ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More of={{ rows, more: all.length > shown ? () => setShown(shown + STEP) : undefined }} />
    </>
  );
}
