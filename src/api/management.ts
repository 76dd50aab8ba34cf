import { lowerAscii } from '../wire/letters.ts';
import type { Answer } from './answer.ts';

/** Roots of Azure Resource Manager's paths. */
const ROOTS: ReadonlySet<string> = new Set(['subscriptions', 'providers']);

/** Whether a raw path belongs to the management plane, whose clients read errors of another form. */
export function isManagement(path: string): boolean {
  return ROOTS.has(lowerAscii(path.split('/')[1] ?? ''));
}

/** 501 in the form of Resource Manager, `{"error":{"code","message"}}`: the status that no client repeats. */
export function managementAnswer(requestId: string): Answer {
  const message = 'Azure Resource Manager is not served: this service has the data plane of Azure Batch. What is served stands in docs/compatibility.md of Linarite.';
  return {
    status: 501,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-ms-request-id': requestId },
    body: JSON.stringify({ error: { code: 'NotImplemented', message } }),
  };
}
