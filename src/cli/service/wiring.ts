import { connect } from '../../store/connect.ts';
import { ensureAccount } from '../../store/intents/accounts.ts';
import { migrate } from '../../store/migrate.ts';
import { createApi } from '../../api/server.ts';
import { endProcess } from '../../processes/end.ts';
import { isRunning } from '../../processes/identity.ts';
import { readRecords } from '../../nodes/local/record.ts';
import type { Parts } from './parts.ts';

const AGENT_END = [
  { signal: 'SIGTERM', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/** The parts that a service really runs with. The rules are not among them yet: what is asked for is kept, and waits. */
export const realParts: Parts = {
  migrate: async (connection) => {
    const pool = connect(connection, 'owner', { maxConnections: 2 });
    await migrate(pool).finally(() => pool.end());
  },
  startOwner: async () => ({
    ports: {
      wake: { wake: () => Promise.resolve() },
      door: {
        authenticate: () => null,
        connect: () => {
          throw new Error('no agent is known');
        },
      },
      files: {
        ask: () => Promise.resolve(NOT_OWNED),
        read: () => Promise.resolve(NOT_OWNED),
      },
    },
    limits: [],
    stop: () => Promise.resolve(),
  }),
  startApi: async ({ connection, keys, log }, _storage, owner) => {
    const database = connect(connection, 'api');
    const number = await ensureAccount(database, keys.batch.name, Date.now());
    const api = await createApi({ database, ...owner.ports, accounts: [{ number, name: keys.batch.name, keys: [keys.batch.key] }], clock: Date.now, log });
    return {
      onRequest: api.handler,
      onUpgrade: api.upgrade,
      stop: async () => {
        await api.close();
        await database.end();
      },
    };
  },
  endAgents: async (nodesDirectory) => {
    const agents = readRecords(nodesDirectory).flatMap(({ agent }) => (agent !== null && isRunning(agent) ? [agent] : []));
    await Promise.all(agents.map((agent) => endProcess(agent, AGENT_END)));
    return agents.length;
  },
};

const NOT_OWNED = { kind: 'error', code: 'NodeNotReady', message: 'The account is not owned here.' } as const;
