import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/templates/json.ts';
import { type Doing, ResourceFailure, run } from '../../src/templates/run.ts';
import { GROUP, planned, shortId, template } from './support.ts';

const STORAGE = { type: 'Microsoft.Storage/storageAccounts', apiVersion: '2022-09-01' };
const ST = 'Microsoft.Storage/storageAccounts/st';
const NEVER = new AbortController().signal;

/** Resources in memory; what was done is told in order. */
class Resources implements Doing {
  readonly done: string[] = [];
  readonly bodies = new Map<string, JsonObject>();
  readonly refused: ReadonlySet<string>;
  onPut: ((id: string) => void) | null = null;

  constructor(refused: readonly string[] = []) {
    this.refused = new Set(refused);
  }

  async put({ id }: { readonly id: string }, body: JsonObject): Promise<void> {
    const short = shortId(id);
    this.done.push(`put ${short}`);
    this.onPut?.(short);
    if (this.refused.has(short)) throw new ResourceFailure(409, { code: 'StorageAccountAlreadyTaken', message: `${short} is taken.` });
    this.bodies.set(short, body);
    await Promise.resolve();
  }

  async get(id: string, apiVersion: string): Promise<Json> {
    const short = shortId(id);
    this.done.push(`get ${short} ${apiVersion}`);
    const body = this.bodies.get(short);
    if (body === undefined) throw new ResourceFailure(404, { code: 'ResourceNotFound', message: `The Resource '${short}' was not found.` });
    return { id, kind: 'StorageV2', properties: { endpoint: `https://${short}`, ...Object(body['properties'] ?? {}) } };
  }

  async listKeys(id: string): Promise<Json> {
    this.done.push(`listKeys ${shortId(id)}`);
    return { keys: [{ value: 'key1' }] };
  }

  async began({ id }: { readonly id: string }): Promise<void> {
    this.done.push(`began ${shortId(id)}`);
  }

  async ended({ id }: { readonly id: string }, failure: ResourceFailure | null): Promise<void> {
    this.done.push(`${failure === null ? 'made' : failure.failure.code} ${shortId(id)}`);
  }
}

describe('A deployment', () => {
  it('asks for what a body needs when it is there, each question once, and answers outputs from what is there in the end', async () => {
    const plan = planned(template({
      resources: [
        { ...STORAGE, name: 'user', properties: { endpoint: "[reference('st').endpoint]", key: "[listKeys('st', '2022-09-01').keys[0].value]", kind: "[reference('st', '2022-09-01', 'Full').kind]" } },
        { ...STORAGE, name: 'st' },
      ],
      outputs: { endpoint: { type: 'string', value: "[reference('user').endpoint]" }, group: { type: 'string', value: "[reference('st', '2022-09-01', 'full').resourceGroupName]" }, key: { type: 'securestring', value: "[listKeys('st', '2022-09-01').keys[0].value]" } },
    }));
    const resources = new Resources();
    const ended = await run(plan, resources, NEVER);
    const user = 'Microsoft.Storage/storageAccounts/user';
    expect(resources.done.slice(0, 8)).toEqual([`began ${ST}`, `put ${ST}`, `made ${ST}`, `began ${user}`, `get ${ST} 2022-09-01`, `listKeys ${ST}`, `put ${user}`, `made ${user}`]);
    expect(resources.bodies.get(user)).toEqual({ properties: { endpoint: `https://${ST}`, key: 'key1', kind: 'StorageV2' } });
    expect(ended).toEqual({ state: 'Succeeded', outputs: { endpoint: { type: 'String', value: `https://${ST}` }, group: { type: 'String', value: 'lab' }, key: { type: 'SecureString' } } });
  });

  it('does not ask for what only the branch of an `if` needs that is not chosen', async () => {
    const other = `${GROUP}/providers/${STORAGE.type}/none`;
    const plan = planned(template({ resources: [{ ...STORAGE, name: 'st' }, { ...STORAGE, name: 'user', properties: { x: `[if(equals(reference('st', '2022-09-01', 'Full').kind, 'StorageV2'), 'v2', reference('${other}', '2022-09-01').x)]` } }] }));
    expect(await run(plan, new Resources(), NEVER)).toMatchObject({ state: 'Succeeded' });
  });

  it('that fails tells why, makes what does not wait for what failed, and begins nothing that does', async () => {
    const plan = planned(template({ resources: [{ ...STORAGE, name: 'st' }, { ...STORAGE, name: 'after', dependsOn: ['st'] }, { ...STORAGE, name: 'beside' }] }));
    const resources = new Resources([ST]);
    expect(await run(plan, resources, NEVER)).toEqual({
      state: 'Failed',
      failure: {
        code: 'DeploymentFailed',
        message: 'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
        details: [{ target: `${GROUP}/providers/${ST}`, code: 'StorageAccountAlreadyTaken', message: `${ST} is taken.` }],
      },
    });
    expect([...resources.bodies.keys()]).toEqual(['Microsoft.Storage/storageAccounts/beside']);
    expect(resources.done.some((act) => act.includes('/after'))).toBe(false);
  });

  it('tells of an expression that fails as it runs where its resource stands', async () => {
    const plan = planned(template({ resources: [{ ...STORAGE, name: 'st' }, { ...STORAGE, name: 'user', properties: { x: "[reference('st').none]" } }] }));
    const ended = await run(plan, new Resources(), NEVER);
    expect(ended).toMatchObject({ state: 'Failed', failure: { details: [{ code: 'InvalidTemplate', message: `Unable to process template language expressions for resource '${GROUP}/providers/${STORAGE.type}/user' at line '10' and column '5'. 'The language expression property 'none' doesn't exist, available properties are 'endpoint'.'` }] } });
  });

  it('tells of an output that cannot be evaluated', async () => {
    const plan = planned(template({ resources: [{ ...STORAGE, name: 'st' }], outputs: { o: { type: 'string', value: "[reference('st').none]" } } }));
    expect(await run(plan, new Resources(), NEVER)).toMatchObject({ state: 'Failed', failure: { code: 'DeploymentOutputEvaluationFailed', details: [{ message: "The template output 'o' is not valid: The language expression property 'none' doesn't exist, available properties are 'endpoint'.." }] } });
  });

  it('that is cancelled ends what it has begun and begins nothing more', async () => {
    const cancel = new AbortController();
    const plan = planned(template({ resources: [{ ...STORAGE, name: 'st' }, { ...STORAGE, name: 'after', dependsOn: ['st'] }] }));
    const resources = new Resources();
    resources.onPut = () => cancel.abort();
    expect(await run(plan, resources, cancel.signal)).toEqual({ state: 'Canceled' });
    expect(resources.done).toEqual([`began ${ST}`, `put ${ST}`, `made ${ST}`]);
  });

  it('makes no more than eight resources at once', async () => {
    let running = 0;
    let most = 0;
    const resources = new Resources();
    resources.began = async () => void (most = Math.max(most, ++running));
    resources.ended = async () => void running--;
    await run(planned(template({ resources: [{ ...STORAGE, name: "[concat('st', copyIndex())]", copy: { name: 'c', count: 50 } }] })), resources, NEVER);
    expect(resources.bodies.size).toBe(50);
    expect(most).toBe(8);
  });

  it('passes on what is no failure of a resource', async () => {
    const resources = new Resources();
    resources.put = () => Promise.reject(new Error('the database is away'));
    await expect(run(planned(template({ resources: [{ ...STORAGE, name: 'st' }] })), resources, NEVER)).rejects.toThrow('the database is away');
  });
});
