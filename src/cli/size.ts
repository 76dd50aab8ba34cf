import { InvalidArgumentError } from 'commander';

const KIB = 1024;
const UNITS: Readonly<Record<string, number>> = { kb: KIB, kib: KIB, mb: KIB ** 2, mib: KIB ** 2, gb: KIB ** 3, gib: KIB ** 3 };

/** A size as options have them (`512MB`, `1.5 GiB`) in bytes; NaN: it is none. */
export function bytesOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim()) ?? [];
  return Math.floor(Number(amount) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
}

/** A reader of sizes, in bytes. `form`: what one looks like. */
export function sizeBetween(least: number, most: number, form: string): (text: string) => number {
  return (text) => {
    const bytes = bytesOf(text);
    if (bytes >= least && bytes <= most) return bytes;
    throw new InvalidArgumentError(form);
  };
}
