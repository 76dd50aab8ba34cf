import { splitTarget } from '../../api/target.ts';
import type { Exchange } from '../recording/exchange.ts';
import { isMembers } from './walk.ts';
import type { Compared } from './report.ts';

/** What the recording made and this service did not, so that what is said of it later is no difference of its own. */
export interface Lacking {
  /** The same, or as what follows from an earlier difference. */
  told(compared: Compared, exchange: Exchange): Compared;
}

export function createLacking(): Lacking {
  /** By its path, the number of the request that should have made it. */
  const missing = new Map<string, number>();
  return {
    told: (compared, exchange) => {
      const { request, answer } = exchange;
      const path = splitTarget(request.path).path.toLowerCase();
      const here = compared.differences.find(({ kind }) => kind === 'status')?.here;
      const isMade = request.method === 'POST' && answer.status === 201;
      const made = isMade ? madeBy(exchange, path) : undefined;
      if (made !== undefined) {
        if (compared.outcome === 'unsent' || (typeof here === 'number' && here >= 400)) missing.set(made, compared.number);
        else missing.delete(made);
      }
      const cause = here === 404 ? [...missing].find(([lost]) => path === lost || path.startsWith(`${lost}/`))?.[1] : undefined;
      return compared.outcome !== 'differs' || cause === undefined ? compared : { ...compared, outcome: 'follows', reason: `what request ${cause} should have made is not there` };
    },
  };
}

/** `/pools/p`; certificates are named in a form of their own. */
function madeBy({ request: { body } }: Exchange, path: string): string | undefined {
  if (body === null || !('json' in body) || !isMembers(body.json)) return undefined;
  const { id, thumbprint, thumbprintAlgorithm } = body.json;
  if (typeof id === 'string') return `${path}/${encodeURIComponent(id)}`.toLowerCase();
  return typeof thumbprint === 'string' && typeof thumbprintAlgorithm === 'string' ? `${path}(thumbprintalgorithm=${thumbprintAlgorithm},thumbprint=${thumbprint})`.toLowerCase() : undefined;
}
