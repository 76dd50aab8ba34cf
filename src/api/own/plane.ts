import type { AccountNumber } from '../../core/keys.ts';
import { LIMITS } from '../../wire/limits.ts';
import type { Answer } from '../answer.ts';
import { authenticate, type Authorities } from '../authentication.ts';
import { batchErrorBody, ODATA_HEADERS } from '../batchErrors.ts';
import type { Body } from '../body.ts';
import type { Parts } from '../call.ts';
import { batchChallenge } from '../identity/challenge.ts';
import type { Plane, Route } from '../plane.ts';
import type { Access } from '../principal.ts';
import { matchAccount } from './account.ts';
import { matchApplications } from './applications.ts';
import { matchClock } from './clock.ts';
import { cost, matchCost } from './cost.ts';
import { matchDrills } from './drills.ts';
import { matchEvaluate } from './evaluate.ts';
import { explain, matchExplain } from './explain.ts';
import { matchRemoteLogin } from './remoteLogin.ts';
import { matchSamples } from './samples.ts';

export interface OwnPlaneOptions {
  readonly parts: Parts;
  readonly authorities: Authorities;
}

/**
 * Operations of Linarite itself, under `/linarite/`: signed as those of the data plane, errors in its form, no
 * versions.
 */
export function createOwnPlane({ parts, authorities }: OwnPlaneOptions): Plane {
  return {
    name: 'own',
    match: ({ message, target, now }) => {
      const { method = '' } = message;
      const asked = matchExplain(method, target.path);
      if (asked !== undefined) return route({ right: 'read', of: 'jobs', params: { jobId: asked.jobId } }, (account) => explain(asked, account, parts));
      const remoteLogin = matchRemoteLogin(method, target.path);
      if (remoteLogin !== undefined) return route({ right: 'read', of: 'pools', params: {} }, (account) => remoteLogin(account, parts));
      const evaluate = matchEvaluate(method, target.path);
      if (evaluate !== undefined) return route({ right: 'write', of: 'pools', params: {} }, (account, body) => evaluate({ account, parts, now }, body));
      const samples = matchSamples(method, target.path);
      if (samples !== undefined) return route({ right: 'write', of: 'pools', params: {} }, (account, body) => samples({ account, parts, now }, body));
      const ofAccount = matchAccount(method, target.path);
      if (ofAccount !== undefined) return route({ right: ofAccount.right, of: 'account', params: {} }, (account, body) => ofAccount.run(account, parts, body));
      const costs = matchCost(method, target.path, new URLSearchParams(target.rawQuery));
      if (costs !== undefined) return route({ right: 'read', of: costs.job === null ? 'account' : 'jobs', params: costs.job === null ? {} : { jobId: costs.job } }, (account) => cost(costs, account, now, parts));
      const ofClock = matchClock(message, target.path);
      if (ofClock !== undefined) {
        const { right, timeoutMs, run } = ofClock;
        return { operation: null, access: { right, of: 'account', params: {} }, handle: ({ body, waits }) => ({ timeoutMs, run: (signal) => waits.for(run(parts, body, signal)) }) };
      }
      const drills = matchDrills(method, target.path);
      if (drills !== undefined) return route({ right: drills.right, of: 'pools', params: {} }, (account, body) => drills.run({ account, parts, now }, body));
      const applications = matchApplications(method, target.path, new URLSearchParams(target.rawQuery));
      if (applications === undefined) return undefined;
      const { database, storageOf, wallClock } = parts;
      return route({ right: applications.right, of: 'applications', params: {} }, (account, body) => applications.run({ database, storage: storageOf(account), account, now, wallClock }, body));
    },
    authenticate: ({ message, rawUrl }) => authenticate(message, rawUrl, authorities),
    challenge: ({ baseUrl }) => batchChallenge(baseUrl),
    errorBody: batchErrorBody,
    headers: () => ODATA_HEADERS,
  };
}

function route(access: Access, run: (account: AccountNumber, body: Body) => Promise<Answer>): Route {
  return {
    operation: null,
    access,
    handle: ({ principal, body }) => {
      if (principal === null || principal.kind === 'identity') throw new Error('an operation of ours needs a principal');
      return { timeoutMs: LIMITS.serverTimeoutMs, run: () => run(principal.account.number, body) };
    },
  };
}
