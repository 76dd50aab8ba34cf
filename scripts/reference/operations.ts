import { handlers } from '../../src/api/data/handlers.ts';
import { OWN_OPERATIONS } from '../../src/api/own/operations.ts';
import { MANAGEMENT_ROWS, type ManagementRow } from '../../src/wire/management/operations.ts';
import { operations } from '../../src/wire/operations.ts';
import { code, span, table } from '../markdown.ts';

/** Every operation of every plane that carries a table. */
export function operationsPage(): string {
  return [
    '# Operations',
    'What a service answers: the data plane of Azure Batch, Azure Resource Manager, and what Linarite has beside them. [Compatibility](../compatibility.md) says what holds of each property and filter, [own operations](../own-operations.md) what the last ones take and answer.',
    'Versions go by their revision, the middle number: `2022-10-01.16.0` is 16. "12+" means known from that one on. Operations are served to clients of any version.',
    '## Azure Batch',
    'At the account\'s endpoint, with `api-version`. The right is the one that a role has to give.',
    table(['operation', 'request', 'right', 'body', 'success', 'versions'], dataRows()),
    '## Azure Resource Manager',
    'At the management endpoint, over TLS.',
    table(['operation', 'request', 'action that a role gives', 'versions'], managementRows()),
    '## Linarite itself',
    'At the account\'s endpoint, without `api-version`.',
    table(['request', 'right', 'body'], OWN_OPERATIONS.map(({ method, path, right, body }) => [code(`${method} ${path}`), right, body === true ? 'JSON' : ''])),
    '## Without an account',
    table(['request', 'answers'], [
      [code('GET /'), 'the [page](../page.md), to a browser'],
      [code('GET /healthz'), '200 while the process lives'],
      [code('GET /readyz'), '200 once requests are served'],
      [code('GET /metrics'), '[metrics](../metrics.md)'],
    ]),
  ].join('\n\n');
}

function dataRows(): readonly (readonly string[])[] {
  return operations.map((operation) => {
    const { id, method, path, right, body, optionalBody, status } = operation;
    const served = handlers[id] === undefined ? '501 `NotImplemented`' : String(status);
    return [code(id), code(`${method} ${path}`), right, body === undefined ? '' : `${code(body)}${optionalBody === true ? ' (may be left out)' : ''}`, served, span(operation)];
  });
}

function managementRows(): readonly (readonly string[])[] {
  const rows: readonly ManagementRow[] = MANAGEMENT_ROWS;
  return rows.map((row) => [code(row.id), code(`${row.method} ${row.path}`), code(row.action), span(row)]);
}
