import type { AutoScaleRun } from '../../client/batch.ts';
import { Card, Empty } from '../../parts/Card.tsx';
import { Time } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { variablesOf } from './variables.ts';

/** What the formula gave when it last ran; `stored`: values that differ from these are marked. */
export function EvaluationCard({ run, title = 'Last evaluation', stored }: { readonly run: AutoScaleRun | undefined; readonly title?: string; readonly stored?: AutoScaleRun | undefined }) {
  return (
    <Card title={title} aside={run === undefined ? null : <span class="soft small"><Time at={run.timestamp} /></span>}>
      {run === undefined ? <Empty>The formula has not run yet.</Empty> : <Evaluation run={run} stored={stored} />}
    </Card>
  );
}

export function Evaluation({ run: { results = '', error }, stored }: { readonly run: AutoScaleRun; readonly stored?: AutoScaleRun | undefined }) {
  const before = new Map(variablesOf(stored?.results ?? '').map(({ name, value }) => [name, value]));
  const variables = variablesOf(results);
  return (
    <>
      {error === undefined ? null : (
        <div class="fault">
          <p><b>{shown(error.code)}</b> {shown(error.message)}</p>
          {(error.values ?? []).map(({ name, value = '' }) => <p key={name} class="small">{shown(name)}: {shown(value)}</p>)}
        </div>
      )}
      <table class="rows plain">
        <tbody>
          {variables.map(({ name, value }) => {
            const old = before.get(name);
            const changed = stored !== undefined && old !== value;
            return (
              <tr key={name} class={changed ? 'changed' : undefined}>
                <th scope="row" class="mono">{shown(name)}</th>
                <td class="n">{changed && old !== undefined ? <><s class="soft">{shown(old)}</s> </> : null}<span class={changed ? 'strong' : ''}>{shown(value)}</span></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
