import { useRef } from 'preact/hooks';
import { sayError } from '../../parts/toasts.tsx';

/** What the service takes of a request. */
const MOST_BYTES = 1_000_000;

/** Samples as text: typed, or taken from a file. */
export function SampleFile({ csv, setCsv }: { readonly csv: string; readonly setCsv: (csv: string) => void }) {
  const input = useRef<HTMLInputElement>(null);

  async function take(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    if (file.size > MOST_BYTES) throw new Error(`${file.name} has more than ${MOST_BYTES / 1_000_000} MB.`);
    setCsv(await file.text());
  }

  return (
    <>
      <label class="field">
        <span>A line a moment, <code>time</code> and the metrics first; the formula runs at the last one, of a pool without nodes</span>
        <textarea rows={8} wrap="off" spellcheck={false} value={csv} onInput={(event) => setCsv(event.currentTarget.value)} />
      </label>
      <input ref={input} type="file" accept=".csv,text/csv" aria-label="File of samples" hidden onChange={(event) => {
        const { files } = event.currentTarget;
        take(files?.[0]).catch(sayError);
        event.currentTarget.value = '';
      }} />
      <button type="button" class="btn s" onClick={() => input.current?.click()}>Open a file…</button>
    </>
  );
}
