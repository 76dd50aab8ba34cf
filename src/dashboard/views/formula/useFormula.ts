import { useEffect, useState } from 'preact/hooks';
import type { FormulaChecked } from '../../../wire/own/formula.ts';
import { ServiceError } from '../../client/failure.ts';
import { own } from '../../client/own.ts';

const TYPING_MS = 300;

/** What a formula is tried on: what a pool has measured, or a file. */
export type Samples = { readonly pool: string } | { readonly csv: string };

export interface Checked {
  /** Of the latest text that was looked at; what stands there may be newer. */
  readonly of: string;
  readonly found: FormulaChecked;
}

interface Looks {
  readonly checked: Checked | undefined;
  readonly error: ServiceError | undefined;
}

/** Has the service look at a formula as it is typed. `samples`: null, it is not looked at. `over`: moments. */
export function useFormula(text: string, samples: Samples | null, over?: number): Looks {
  const [looks, setLooks] = useState<Looks>({ checked: undefined, error: undefined });
  const key = samples === null ? '' : JSON.stringify(samples);
  useEffect(() => {
    if (samples === null) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      own.checkFormula(text, { ...samples, over }, controller.signal).then(
        (found) => setLooks({ checked: { of: text, found }, error: undefined }),
        (error: unknown) => {
          if (error instanceof ServiceError) setLooks(({ checked }) => ({ checked, error }));
        },
      );
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, key]);
  return looks;
}
