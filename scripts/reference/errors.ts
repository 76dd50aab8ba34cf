import { groupBy } from '../../src/base/groups.ts';
import { ERRORS } from '../../src/wire/errors.ts';
import { MANAGEMENT_ERRORS } from '../../src/wire/management/errors.ts';
import { code, codes, table } from '../markdown.ts';

/** Every code that a client may get. */
export function errorsPage(): string {
  return [
    '# Errors',
    'An error of the data plane and of Linarite\'s own operations is a JSON object with `code`, `message` (the sentence below, the id of the request and the time) and `values`, which name the property or parameter, its value and the reason.',
    '## Azure Batch',
    table(['status', 'code', 'sentence'], Object.entries(ERRORS).toSorted(([, a], [, b]) => a.status - b.status).map(([name, { status, sentence }]) => [String(status), code(name), sentence])),
    'A caller that shows no credentials at all is answered 401 with the code `AuthenticationFailed`.',
    '## Azure Resource Manager',
    'Here the object is `error`, with `code` and `message`; the message says what of the request is meant.',
    table(['status', 'codes'], managementRows()),
  ].join('\n\n');
}

function managementRows(): readonly (readonly string[])[] {
  const byStatus = groupBy(Object.entries(MANAGEMENT_ERRORS), ([, status]) => status);
  return [...byStatus].toSorted(([a], [b]) => a - b).map(([status, found]) => [String(status), codes(found.map(([name]) => name))]);
}
