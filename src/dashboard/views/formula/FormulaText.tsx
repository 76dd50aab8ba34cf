import { useRef } from 'preact/hooks';
import type { FormulaChecked } from '../../../wire/own/formula.ts';
import { Icon } from '../../parts/Icon.tsx';
import { sentence } from '../../text/clean.ts';
import { markOf, offsetOf } from '../../text/formulaMarks.ts';
import type { Checked } from './useFormula.ts';

export const FIRST_FORMULA = `// One node for each four tasks that wait or run, ten at most
tasks = $PendingTasks.GetSample(1);
$TargetDedicatedNodes = min(10, (tasks + 3) / 4);
$NodeDeallocationOption = taskcompletion;`;

interface Finding {
  readonly kind: 'problem' | 'warning';
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

function findingsOf({ problems, warnings }: FormulaChecked): readonly Finding[] {
  return [
    ...problems.map(({ line, column, message }) => ({ kind: 'problem' as const, line, column, text: sentence(message) })),
    ...warnings.map(({ line, column, message, reason }) => ({ kind: 'warning' as const, line, column, text: `${sentence(message)}. ${sentence(reason)}` })),
  ];
}

interface FormulaTextProps {
  readonly text: string;
  readonly setText?: ((text: string) => void) | undefined;
  readonly rows: number;
  readonly checked: Checked | undefined;
}

/**
 * A formula with its lines numbered. What is wrong with it, or may not be meant, is marked where it stands and told
 * below.
 */
export function FormulaText({ text, setText, rows, checked }: FormulaTextProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const lines = useRef<HTMLPreElement>(null);
  const marks = useRef<HTMLDivElement>(null);
  const findings = checked === undefined ? [] : findingsOf(checked.found);
  // Places are those of the text that was looked at: none until the newer one was.
  const placed = checked?.of === text ? findings : [];

  function follow({ currentTarget: { scrollTop, scrollLeft } }: { readonly currentTarget: HTMLTextAreaElement }): void {
    if (lines.current !== null) lines.current.scrollTop = scrollTop;
    if (marks.current !== null) marks.current.style.transform = `translate(${-scrollLeft}px, ${-scrollTop}px)`;
  }

  function goTo(finding: Finding): void {
    const at = offsetOf(text, finding);
    area.current?.focus();
    area.current?.setSelectionRange(at, at + markOf(text, finding).width);
  }

  return (
    <>
      <div class="formula">
        <pre ref={lines} class="formula-lines" aria-hidden="true">{text.split('\n').map((_line, index) => index + 1).join('\n')}</pre>
        <div class="formula-text">
          <textarea
            ref={area}
            aria-label="Formula"
            aria-invalid={findings.some(({ kind }) => kind === 'problem')}
            aria-describedby={findings.length === 0 ? undefined : 'formula-findings'}
            wrap="off"
            rows={rows}
            spellcheck={false}
            value={text}
            readOnly={setText === undefined}
            onInput={(event) => setText?.(event.currentTarget.value)}
            onScroll={follow}
          />
          <div class="formula-clip" aria-hidden="true">
            <div ref={marks} class="formula-marks">
              {placed.map((finding) => {
                const { row, column, width } = markOf(text, finding);
                return <i key={`${finding.line}.${finding.column} ${finding.text}`} class={finding.kind} style={{ top: `${row * 18}px`, left: `${column}ch`, width: `${width}ch` }} />;
              })}
            </div>
          </div>
        </div>
      </div>
      {findings.length === 0 ? null : (
        <ul class="attn" id="formula-findings" aria-label="What the formula is told">
          {findings.map((finding) => (
            <li key={`${finding.line}.${finding.column} ${finding.text}`} class={finding.kind === 'problem' ? 'hue-bad' : 'hue-come'}>
              <Icon name={finding.kind === 'problem' ? 'cross' : 'warn'} />
              <p>
                <button type="button" class="link" onClick={() => goTo(finding)}>Line {finding.line}, column {finding.column}.</button> {finding.text}
              </p>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
