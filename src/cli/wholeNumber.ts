import { InvalidArgumentError } from 'commander';

/**
 * Reads an option's value as a whole number in these bounds, both included; commander says what is wrong with another
 * one.
 */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(most === Number.MAX_SAFE_INTEGER ? `expected a whole number, ${least} or more` : `a whole number from ${least} to ${most}`);
  };
}
