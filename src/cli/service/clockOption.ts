import { Option } from 'commander';

/** Whose time a service goes by: the machine's, or one that users set (docs/clock.md). */
export type ClockKind = 'real' | 'virtual';

const FLAG = '--clock';

export function clockOption(): Option {
  return new Option(`${FLAG} <kind>`, 'virtual: time passes when linarite clock advance says so, for tests; only for new data, and for good (default: real)').choices(['real', 'virtual'] satisfies ClockKind[]);
}

/** As the next process is told; what it was made with stands in the data directory. */
export function clockFlags(kind: ClockKind): string[] {
  return kind === 'real' ? [] : [FLAG, kind];
}
