import type { AccountNumber, Instant } from '../../../core/keys.ts';
import type { NodeState } from '../../../core/status.ts';
import { nodeState } from '../../../core/wireState.ts';
import type { NodeAnswer, LoginAsk, NodeAskError } from '../../../ports.ts';
import { findNode, type NodeRow } from '../../../store/intents/nodes.ts';
import { findPool, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { nodeIntent } from '../../../store/nodeRequest.ts';
import { nodeStatus } from '../../../store/status/nodeActivity.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError, type ErrorCode } from '../../../wire/errors.ts';
import { LIMITS } from '../../../wire/limits.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { parseTimestamp } from '../../../wire/timestamps.ts';
import type { NodeUserAdd } from '../../../wire/types.generated.ts';
import { checkNodeAccess, checkUserName } from '../../../wire/userAccounts.ts';
import { acted, deleted, entity } from '../../answer.ts';
import { param, type Call, type Handler, type Parts } from '../../call.ts';
import { sha512Crypt, salt } from '../pool/passwords.ts';
import { invalidForState } from '../job/guards.ts';
import { storedPool } from '../pool/view.ts';

/**
 * Users of a node and the way in to it. They live on the node alone: its agent is asked, and what it answers is what is
 * so. A password is hashed before it leaves this file, and nothing of a user is stored by the service.
 */

/** The states that refuse to have users changed (states.md 3.2); the others are `idle` and `running`. */
const STATE_REFUSALS: Readonly<Record<Exclude<NodeState, 'idle' | 'running'>, ErrorCode>> = {
  creating: 'NodeBeingCreated',
  starting: 'NodeBeingStarted',
  waitingforstarttask: 'NodeBeingStarted',
  rebooting: 'NodeBeingRebooted',
  reimaging: 'NodeBeingReimaged',
  unusable: 'NodeStateUnusable',
  starttaskfailed: 'OperationInvalidForCurrentState',
  unknown: 'OperationInvalidForCurrentState',
  offline: 'OperationInvalidForCurrentState',
  leavingpool: 'OperationInvalidForCurrentState',
  deallocating: 'OperationInvalidForCurrentState',
  deallocated: 'OperationInvalidForCurrentState',
  preempted: 'OperationInvalidForCurrentState',
};

/** What agents answer, as the service says it. */
const ERROR_CODES: Readonly<Record<Exclude<NodeAskError, 'NodeNotReady'>, ErrorCode>> = {
  UserExists: 'NodeUserExists',
  UserNotFound: 'NodeUserNotFound',
  UnknownAsk: 'OperationNotValidOnNode',
  NotPossible: 'OperationNotValidOnNode',
  Failed: 'OperationNotValidOnNode',
};

interface Found {
  readonly pool: PoolWithStatus;
  readonly row: NodeRow;
  readonly state: NodeState;
}

/** Which node is meant, and until when its answer is waited for. */
export interface NodeAsked {
  readonly account: AccountNumber;
  readonly poolId: string;
  readonly nodeId: string;
  readonly signal: AbortSignal;
}

function askedOf(call: Call): NodeAsked {
  return { account: call.principal.account.number, poolId: param(call, 'poolId'), nodeId: param(call, 'nodeId'), signal: call.signal };
}

async function existingNode({ account, poolId, nodeId }: NodeAsked, { database }: Pick<Parts, 'database'>): Promise<Found> {
  const pool = await findPool(database, account, poolId);
  if (pool === null) throw new BatchError('PoolNotFound');
  const row = await findNode(database, account, pool.pool, nodeId);
  if (row === null) throw new BatchError('NodeNotFound');
  return { pool, row, state: nodeState(nodeIntent(row), nodeStatus(row)).state };
}

function refusedState(state: Exclude<NodeState, 'idle' | 'running'>): BatchError {
  const code = STATE_REFUSALS[state];
  return code === 'OperationInvalidForCurrentState' ? invalidForState(`The node is in state '${state}'.`) : new BatchError(code);
}

function checkState({ state }: Found): void {
  if (state !== 'idle' && state !== 'running') throw refusedState(state);
}

/** @throws BatchError for what the node refuses */
async function asked({ account, signal }: NodeAsked, parts: Pick<Parts, 'nodeRequests'>, { row, state }: Found, ask: LoginAsk): Promise<Exclude<NodeAnswer, { kind: 'error' }>> {
  const answer = await parts.nodeRequests.ask(account, row.n_node, ask, signal);
  if (answer.kind !== 'error') return answer;
  if (answer.code !== 'NodeNotReady') throw new BatchError(ERROR_CODES[answer.code] ?? 'OperationNotValidOnNode', [{ key: 'Reason', value: answer.message }]);
  if (state !== 'idle' && state !== 'running') throw refusedState(state);
  throw invalidForState(answer.message);
}

/** @throws BatchError */
function accessOf(call: Call, { pool }: Found, body: Omit<NodeUserAdd, 'name'>): Extract<LoginAsk, { kind: 'addUser' }>['access'] {
  checkNodeAccess(storedPool(pool), body, call.now);
  const { password, sshPublicKey, expiryTime } = body;
  const expiresAt: Instant = (expiryTime === undefined ? undefined : parseTimestamp(expiryTime)) ?? call.now + LIMITS.nodeUserExpiryMs;
  return { expiresAt, passwordHash: password === undefined ? null : sha512Crypt(password, salt()), publicKey: sshPublicKey?.trim() ?? null };
}

const addUser: Handler = async (call, parts) => {
  const body = dataContract.readBody('NodeUserAdd', call.version, await call.json());
  const node = await existingNode(askedOf(call), parts);
  checkUserName(body.name);
  const access = accessOf(call, node, body);
  checkState(node);
  await asked(askedOf(call), parts, node, { kind: 'addUser', name: body.name, isAdmin: body.isAdmin ?? false, access });
  const url = `${call.baseUrl}${call.path}/${encodeURIComponent(body.name)}`;
  // Recorded: no ETag.
  return { status: 201, headers: { location: url, dataserviceid: url }, body: null };
};

const updateUser: Handler = async (call, parts) => {
  const body = dataContract.readBody('NodeUserPut', call.version, await call.json());
  const node = await existingNode(askedOf(call), parts);
  const access = accessOf(call, node, body);
  checkState(node);
  await asked(askedOf(call), parts, node, { kind: 'replaceUser', name: param(call, 'userName'), access });
  return acted(call, 200);
};

const deleteUser: Handler = async (call, parts) => {
  const node = await existingNode(askedOf(call), parts);
  checkState(node);
  await asked(askedOf(call), parts, node, { kind: 'deleteUser', name: param(call, 'userName') });
  return deleted(200);
};

/** Where a node can be logged in to, and the key by which it shows that it is the one. @throws BatchError */
export async function remoteLoginOf(which: NodeAsked, parts: Pick<Parts, 'database' | 'nodeRequests'>): Promise<Extract<NodeAnswer, { kind: 'remoteLogin' }>> {
  const node = await existingNode(which, parts);
  if (storedPool(node.pool).cloudServiceConfiguration !== undefined) {
    throw new BatchError('OperationNotValidOnNode', [{ key: 'Reason', value: 'Only nodes of pools with a virtualMachineConfiguration have remote login settings.' }]);
  }
  const answer = await asked(which, parts, node, { kind: 'remoteLogin' });
  if (answer.kind !== 'remoteLogin') throw new Error(`a node answered remoteLogin with ${answer.kind}`);
  return answer;
}

const getRemoteLoginSettings: Handler = async (call, parts) => {
  const { address, port } = await remoteLoginOf(askedOf(call), parts);
  const settings = { remoteLoginIPAddress: address, remoteLoginPort: port };
  return entity(dataContract.writeBody('NodeRemoteLoginSettings', call.version, settings, `${call.baseUrl}/$metadata#computenodegetremoteloginsettingsresult/@Element`), null);
};

export const nodeUserHandlers = {
  ComputeNode_AddUser: addUser,
  ComputeNode_UpdateUser: updateUser,
  ComputeNode_DeleteUser: deleteUser,
  ComputeNode_GetRemoteLoginSettings: getRemoteLoginSettings,
} as const satisfies Partial<Record<OperationId, Handler>>;
