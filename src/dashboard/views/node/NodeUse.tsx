import type { NodeSeriesName, NodeUsage } from '../../../wire/own/node.ts';
import type { Point } from '../../../wire/own/series.ts';
import { LazyTimeChart } from '../../charts/LazyTimeChart.tsx';
import { levelsOf } from '../../charts/levels.ts';
import type { Hue } from '../../charts/states.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Name, Since } from '../../parts/text.tsx';
import { to } from '../../routes/route.ts';

const BEATS = 5;
/** Fewer are no chart. */
const LEAST_POINTS = 2;

interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly of: NodeSeriesName; readonly word: string; readonly hue: Hue }[];
}

const CHARTS: readonly Chart[] = [
  { title: 'Processors', unit: '%', lines: [{ of: 'cpuPercent', word: 'in use', hue: 'run' }] },
  { title: 'Memory', unit: 'MiB', lines: [{ of: 'memoryMiB', word: 'in use', hue: 'ok' }] },
  { title: 'Disk', unit: 'MiB a second', lines: [{ of: 'diskReadMiBps', word: 'read', hue: 'run' }, { of: 'diskWriteMiBps', word: 'written', hue: 'come' }] },
  { title: 'Network', unit: 'MiB a second', lines: [{ of: 'networkInMiBps', word: 'received', hue: 'run' }, { of: 'networkOutMiBps', word: 'sent', hue: 'come' }] },
];

/** What runs in the node's slots, and what it used in the last hour. */
export function NodeUse({ pool, node }: { readonly pool: string; readonly node: string }) {
  const usage = useResource(`${pool} ${node} usage`, (signal) => own.nodeUsage(pool, node, signal), { beats: BEATS });
  return (
    <div class="cols">
      <Card title="In its slots"><Loaded of={usage}>{(data) => <InSlots usage={data} />}</Loaded></Card>
      <Card title="Last hour"><Loaded of={usage} height={200}>{(data) => <div class="two">{CHARTS.map((chart) => <UseChart key={chart.title} chart={chart} usage={data} />)}</div>}</Loaded></Card>
    </div>
  );
}

function InSlots({ usage: { slots, running } }: { readonly usage: NodeUsage }) {
  const used = running.reduce((sum, { slots: wide }) => sum + wide, 0);
  let first = 1;
  return (
    <ol class="list">
      {running.map(({ job, task, slots: wide, startedAt }) => {
        const from = first;
        first += wide;
        return (
          <li key={`${job} ${task}`}>
            <span class="soft small">{wide === 1 ? `slot ${from}` : `slots ${from}–${from + wide - 1}`}</span>
            <a class="grow line" href={to(['jobs', job, 'tasks', task])}><Name mono most={40}>{`${job}/${task}`}</Name></a>
            <b><Since at={startedAt} /></b>
          </li>
        );
      })}
      {used < slots ? <li class="soft">{slots - used === 1 ? `slot ${slots}` : `slots ${used + 1}–${slots}`} free</li> : null}
    </ol>
  );
}

function UseChart({ chart: { title, unit, lines }, usage: { series, missing } }: { readonly chart: Chart; readonly usage: NodeUsage }) {
  const { times, lines: values } = levelsOf(lines.map(({ of }): readonly (readonly Point[])[] => [series[of]]));
  const [first] = lines;
  const disk = title === 'Disk' ? series.diskMiB.at(-1)?.[1] : undefined;
  return (
    <div>
      <h3>{title} <span class="soft">{unit}{disk === undefined ? '' : `, ${Math.round(disk).toLocaleString()} MiB in use`}</span></h3>
      {lines.length > 1 ? <p class="legend small">{lines.map(({ of, word, hue }) => <span key={of} class={`key hue-${hue}`}>{word}</span>)}</p> : null}
      {times.length < LEAST_POINTS ? <Empty>{(first === undefined ? undefined : missing[first.of]) ?? 'Two looks make a line: one comes each 15 s.'}</Empty> : (
        <LazyTimeChart times={times} lines={lines.map(({ word, hue }, at) => ({ name: word, hue, filled: lines.length === 1, values: values[at] ?? [] }))} heightPx={110} label={`${title}, ${unit}, in the last hour`} sync="node" />
      )}
    </div>
  );
}
