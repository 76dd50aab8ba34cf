import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { provideCertificate, type RenewableIdentity, type TlsIdentity } from './certificates.ts';

/** Made when a name is first asked for, and kept in files; so many are known at once. */
const MOST = 512;

/** Certificates for one name or address each, by the authority that clients trust already. */
export class NamedCertificates {
  readonly #directory: string;
  readonly #now: () => Date;
  readonly #most: number;
  readonly #made = new Map<string, Promise<RenewableIdentity>>();

  /** `directory`: that of `provideCertificates`. */
  constructor(directory: string, now: () => Date, most = MOST) {
    this.#directory = directory;
    this.#now = now;
    this.#most = most;
  }

  /** `name`: lower case. One that is near its end is made anew. Rejects for one too many. */
  async of(name: string): Promise<TlsIdentity> {
    const known = this.#made.get(name);
    if (known === undefined) return this.#make(name);
    const identity = await known;
    if (this.#now() < identity.renewAt) return identity;
    if (this.#made.get(name) === known) this.#made.delete(name);
    return this.of(name);
  }

  #make(name: string): Promise<TlsIdentity> {
    if (this.#made.size >= this.#most) return Promise.reject(new Error(`${this.#most} names have a certificate: there are no more`));
    const directory = join(this.#directory, 'names');
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const made = provideCertificate({ directory, file: name.replace('*', '_'), authorityDirectory: this.#directory, names: [name], now: this.#now() });
    this.#made.set(name, made);
    // What failed is tried again when it is next asked for.
    made.catch(() => this.#made.delete(name));
    return made;
  }

  /** After the authority was made anew: certificates of the former one are as well, when they are next asked for. */
  forget(): void {
    this.#made.clear();
  }
}
