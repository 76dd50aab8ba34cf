import { isIP } from 'node:net';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NameValue } from '../../core/status.ts';
import type { IdentityWork } from '../frames.ts';
import { edit } from '../place/accounts.ts';

/** The system's own authorities, by the distribution: Debian's, and Fedora's. */
const SYSTEM_AUTHORITIES = ['ssl/certs/ca-certificates.crt', 'pki/tls/certs/ca-bundle.crt'];
/** Below `/etc` of the node. */
const BUNDLE = 'linarite/authorities.pem';
const OWN = 'linarite/authority.pem';
/** By these programs that are made with OpenSSL, Python's requests, curl(1) and Node.js know an authority more. */
const BUNDLE_VARIABLES = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];
const ADDITION_VARIABLE = 'NODE_EXTRA_CA_CERTS';

interface Hosts {
  /** `/etc` of the node's own, by its path for the agent. */
  readonly etc: string;
  /** Where programs of the node reach the service. */
  readonly service: string;
}

/**
 * Gives a node's own `/etc` the names of the service's blobs, and the authority that they prove themselves by beside
 * the system's. Returns the variables by which programs find that. A service that is no address has names that the
 * node asks others for.
 */
export function nameBlobHosts({ blobHosts, authority }: IdentityWork, { etc, service }: Hosts): readonly NameValue[] {
  if (isIP(service) !== 0) {
    const own = new Set(blobHosts.map((name) => `${service}\t${name}`));
    edit(join(etc, 'hosts'), (line) => !own.has(line), [...own]);
  }
  if (authority === null) return [];
  mkdirSync(join(etc, 'linarite'), { recursive: true, mode: 0o755 });
  const system = SYSTEM_AUTHORITIES.map((path) => join(etc, path)).find((path) => existsSync(path));
  writeFileSync(join(etc, OWN), authority);
  writeFileSync(join(etc, BUNDLE), `${system === undefined ? '' : readFileSync(system, 'utf8')}\n${authority}`);
  return [...BUNDLE_VARIABLES.map((name) => ({ name, value: `/etc/${BUNDLE}` })), { name: ADDITION_VARIABLE, value: `/etc/${OWN}` }];
}
