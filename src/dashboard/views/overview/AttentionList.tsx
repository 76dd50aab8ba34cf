import { useState } from 'preact/hooks';
import type { Attention } from '../../client/own.ts';
import { Icon } from '../../parts/Icon.tsx';
import { Since } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { FixButtons, hrefOf } from '../fixes.tsx';

const AT_FIRST = 3;
/** What has failed already; others wait for somebody. */
const FAILED: ReadonlySet<string> = new Set(['NodeUnusable', 'StartTaskFailed', 'TasksFailed', 'FormulaFailed']);

/** What somebody should see to, the most harmful first. */
export function AttentionList({ rows }: { readonly rows: readonly Attention[] }) {
  const [all, setAll] = useState(false);
  if (rows.length === 0) return null;
  return (
    <section aria-label="Needs attention">
      <ul class="attn">
        {(all ? rows : rows.slice(0, AT_FIRST)).map((row) => (
          <AttentionRow key={`${row.code} ${hrefOf(row.object)}`} row={row} />
        ))}
      </ul>
      {rows.length > AT_FIRST ? (
        <button type="button" class="link" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? 'The first three' : `All ${rows.length} that need attention`}
        </button>
      ) : null}
    </section>
  );
}

function AttentionRow({ row: { code, sentence, object, since, fixes } }: { readonly row: Attention }) {
  const isBad = FAILED.has(code);
  const [, first = sentence, rest = ''] = /^(.*?[.!?]) (.*)$/.exec(sentence) ?? [];
  return (
    <li class={isBad ? 'hue-bad' : 'hue-come'}>
      <Icon name={isBad ? 'cross' : 'warn'} />
      <p>
        <b>{shown(first)}</b> {shown(rest)} <span class="soft">for <Since at={since} /></span>
      </p>
      <span class="acts">
        <a class="btn s" href={hrefOf(object)}>
          Show
        </a>
        <FixButtons fixes={fixes} />
      </span>
    </li>
  );
}
