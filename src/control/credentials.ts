import { createHmac, timingSafeEqual } from 'node:crypto';
import type { NodeNumber } from '../core/keys.ts';

/**
 * What one life of a node shows when it dials in: `<node>.<life>.<hmac>`. Made from a secret of the data directory, so
 * that nothing need be stored per node.
 */
export interface NodeCredentials {
  issue(node: NodeNumber, life: number): string;
  /** null: not one of ours. Constant time in the secret part. */
  verify(credential: string): { readonly node: NodeNumber; readonly life: number } | null;
}

export function nodeCredentials(secret: Uint8Array): NodeCredentials {
  const mac = (node: NodeNumber, life: number): Buffer => createHmac('sha256', secret).update(`node ${node} life ${life}`).digest();
  return {
    issue: (node, life) => `${node}.${life}.${mac(node, life).toString('base64url')}`,
    verify: (credential) => {
      const parts = /^(\d{1,16})\.(\d{1,9})\.([\w-]{43})$/.exec(credential);
      if (parts === null) return null;
      const [node, life] = [Number(parts[1]), Number(parts[2])];
      const shown = Buffer.from(parts[3] ?? '', 'base64url');
      const expected = mac(node, life);
      return shown.length === expected.length && timingSafeEqual(shown, expected) ? { node, life } : null;
    },
  };
}
