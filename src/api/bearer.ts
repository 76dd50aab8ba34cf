import type { IncomingMessage } from 'node:http';

/** The credential of `Authorization: Bearer …`, or null. */
export function bearerOf(request: IncomingMessage): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}
