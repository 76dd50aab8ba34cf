import type { Pool } from '../../client/batch.ts';
import { act, pathOf } from '../../client/request.ts';
import { showDialog } from '../../parts/Dialog.tsx';
import { shown } from '../../text/clean.ts';

type Scaled = Pick<Pool, 'id' | 'enableAutoScale' | 'autoScaleEvaluationInterval'>;

/** Has a formula scale a pool. `results`: what it gives now. */
export function storeFormula({ id, enableAutoScale = false, autoScaleEvaluationInterval }: Scaled, text: string, results: string | undefined): void {
  showDialog({
    title: `${enableAutoScale ? 'Change the formula of' : 'Scale by a formula'} ${id}?`,
    verb: enableAutoScale ? 'Change' : 'Enable',
    body: <p>The formula runs at once, and then {autoScaleEvaluationInterval !== undefined ? `each ${autoScaleEvaluationInterval}` : enableAutoScale ? 'as often as before' : 'each 15 minutes'}. {results === undefined ? '' : `Now it gives ${shown(results)}.`}</p>,
    act: async () => {
      await act(`${pathOf('pools', id)}/enableautoscale`, { body: { autoScaleFormula: text } });
      return 'The formula is stored and runs';
    },
  });
}
