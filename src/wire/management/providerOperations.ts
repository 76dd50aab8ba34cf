import { BATCH_ROWS } from './batchOperations.ts';

const NAMESPACE = 'Microsoft.Batch/';

/** An action that roles can give, for people. */
interface ProviderOperation {
  readonly name: string;
  readonly display: { readonly provider: string; readonly resource: string; readonly operation: string; readonly description: string };
  readonly isDataAction: false;
  readonly origin: 'user';
}

const VERBS: Readonly<Record<string, string>> = { read: 'Read', write: 'Create or update', delete: 'Delete' };

/**
 * Every action of Microsoft.Batch that an operation here asks for, once. The form is the real service's (recorded
 * 8.10).
 */
export function batchProviderOperations(): readonly ProviderOperation[] {
  return [...new Set(BATCH_ROWS.map(({ action }) => action))].map((name): ProviderOperation => {
    const parts = name.slice(NAMESPACE.length).split('/');
    const isAction = parts.at(-1) === 'action';
    const verb = (isAction ? parts.at(-2) : parts.at(-1)) ?? '';
    const resource = inWords(parts.slice(0, isAction ? -2 : -1).at(-1) ?? '');
    const operation = `${VERBS[verb] ?? inWords(verb)} ${resource}`;
    return { name, display: { provider: 'Microsoft Batch', resource, operation, description: operation }, isDataAction: false, origin: 'user' };
  });
}

/** `batchAccounts` in words: `batch accounts`. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
