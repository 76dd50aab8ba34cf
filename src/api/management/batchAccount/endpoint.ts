import type { ManagementCall } from '../call.ts';

/**
 * Where the data plane of an account is reached: `host[:port]` without a scheme. It is the host that the client itself
 * named: whoever reaches the one plane reaches the other.
 */
export function accountEndpoint(_account: string, { baseUrl }: Pick<ManagementCall, 'baseUrl'>): string {
  return new URL(baseUrl).host;
}
