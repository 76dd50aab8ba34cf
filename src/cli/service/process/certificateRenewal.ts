import type { RenewableIdentity } from '../../../api/certificates.ts';
import type { Listener } from '../../../api/listener.ts';
import type { NamedCertificates } from '../../../api/namedCertificates.ts';

/** What of an open port shows a certificate. */
export interface Shown {
  /** The port itself, and what it shows now. */
  readonly main: Pick<Listener, 'replaceCertificate'>;
  readonly identity: RenewableIdentity;
  /** What it is to show: the same as before, or one that was made anew. */
  readonly provide: () => Promise<RenewableIdentity>;
  /** Further addresses, each with a certificate of its own. */
  readonly further: ReadonlyMap<string, Pick<Listener, 'replaceCertificate'>>;
  readonly named: Pick<NamedCertificates, 'of' | 'forget'>;
  readonly now: () => Date;
  /** Called once the port's own certificate has been made anew. */
  readonly onRenewed: () => void;
}

/** Gives the look that has to be taken now and then: what is near its end is made anew, and shown. */
export function certificateRenewal({ main, identity, provide, further, named, now, onRenewed }: Shown): () => Promise<void> {
  let { renewAt } = identity;
  return async () => {
    if (now() >= renewAt) {
      const renewed = await provide();
      renewAt = renewed.renewAt;
      main.replaceCertificate(renewed);
      // The authority may have been made anew with it.
      named.forget();
      onRenewed();
    }
    for (const [address, listener] of further) listener.replaceCertificate(await named.of(address));
  };
}
