/** Limits of a template: those of Azure (documentation, "Azure Resource Manager limits"), and some of our own. */
export const TEMPLATE_LIMITS = {
  templateBytes: 4 * 1024 * 1024,
  parameters: 256,
  variables: 256,
  resources: 800,
  outputs: 64,
  copies: 800,
  expressionCharacters: 24_576,
  /** Of one text, given or made by a function. */
  literalCharacters: 131_072,
  /** `range()`: documented as 10,000. */
  rangeNumbers: 10_000,
  /** Of what a function makes, in characters and members: as much as a whole template. No number is documented. */
  valueWeight: 4 * 1024 * 1024,
  /** Objects and arrays in each other; Resource Manager's reader of JSON ends there. */
  jsonDepth: 64,
  /** Calls in each other, and variables that need others. No number is documented. */
  expressionDepth: 128,
  /** Texts to split at. No number is documented. */
  delimiters: 64,
  /** Calls of functions before a deployment runs, with what their arguments weigh. No number is documented. */
  work: 200_000,
  /** Of a value in a message. */
  toldCharacters: 1_000,
} as const;
