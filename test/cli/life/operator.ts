import { linarite, until } from '../../support/linarite.ts';

/** What was answered; `json` is null where there is no body. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what tests look into is what they check
  readonly json: any;
}

/** Whoever runs a service, at its Resource Manager and its data planes, with a token that stays the same. */
export interface Operator {
  ask(method: string, path: string, body?: object): Promise<Told>;
  /** What an operation comes to that was begun. */
  settled(begun: Told | undefined): Promise<Told>;
  /** The pools of the account that has this endpoint. */
  pools(endpoint: string): Promise<Told>;
  /** Makes what a document has in the first account. */
  seed(document: object): Promise<Told>;
}

export const GROUP = '/subscriptions/11a12173-0000-4000-8000-000000000002/resourceGroups/linarite';

export async function operatorOf(dataDir: string): Promise<Operator> {
  const { stdout } = await linarite(['env', '--identity', '--format', 'json', '--data-dir', dataDir]);
  const { AZURE_BATCH_ENDPOINT = '', IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '' } = JSON.parse(stdout) as Readonly<Record<string, string>>;
  const { access_token: token } = (await (await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://management.azure.com/`, { headers: { 'x-identity-header': IDENTITY_HEADER } })).json()) as { readonly access_token: string };
  const send = async (method: string, url: string, body?: object): Promise<Told> => {
    // No connection outlives a service that is killed.
    const answer = await fetch(url, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  return {
    ask: (method, path, body) => send(method, `${AZURE_BATCH_ENDPOINT}${path}?api-version=2024-02-01`, body),
    settled: async (begun) => {
      if (begun === undefined) throw new Error('nothing was begun');
      const url = begun.headers.get('azure-asyncoperation') ?? begun.headers.get('location');
      if (url === null) return begun;
      return until(`${url} ends`, 60_000, async () => {
        const told = await send('GET', url);
        return told.status === 202 || told.json?.status === 'Running' ? undefined : told;
      });
    },
    seed: (seed) => send('POST', `${AZURE_BATCH_ENDPOINT}/linarite/seed?api-version=2024-02-01.19.0`, { seed }),
    pools: (endpoint) => send('GET', `${endpoint}/pools?api-version=2024-02-01.19.0`),
  };
}
