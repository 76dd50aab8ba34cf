/** The code that the service gave, `TaskExists`, or undefined when the error is not the service's. */
export function serviceCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
