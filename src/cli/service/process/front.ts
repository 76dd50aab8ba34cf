import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { provideCertificates } from '../../../api/certificates.ts';
import { certificateName, HOST_SUFFIX } from '../../../api/hostNames.ts';
import { PortTakenError, listen, type Listener, type ListenerOptions } from '../../../api/listener.ts';
import { NamedCertificates } from '../../../api/namedCertificates.ts';
import { messageOf } from '../../../base/errors.ts';
import { serviceAddress } from '../providers/make.ts';
import { certificateRenewal } from './certificateRenewal.ts';
import type { Composition } from './composition.ts';
import { internalUrlOf } from '../several/severalOptions.ts';
import type { ApiPart } from './parts.ts';
import { portTaken } from './portTaken.ts';

/** The open port. */
export interface Front {
  /** The real one when 0 was asked for. */
  readonly port: number;
  /** From now on requests go there; before, they are answered with 503. */
  serve(api: ApiPart): void;
  /** Listens at a further address of this machine, on the same port. False: the machine has it not. */
  listenAt(address: string): Promise<boolean>;
  /** Listens there no longer. */
  leave(address: string): Promise<void>;
  /** Lets requests under way end, for three seconds at most. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 3_000;
const RENEWAL_LOOK_MS = 6 * 3_600_000;

/** Opens the port; first of all, so that a taken one is known before anything is started. */
export async function openFront(given: Composition): Promise<Front> {
  const { directory, options, externals, log } = given;
  // As nodes of other machines dial it, the service has that name as well.
  const forNodes = given.providers === null ? [] : [new URL(serviceAddress(given.providers, options.host, options.port)).hostname.replace(/^\[|\]$/g, '')];
  const forOthers = externals.clusterKey === undefined ? [] : [new URL(internalUrlOf(options, { host: options.host, endpoint: 'http://localhost', name: hostname() })).hostname.replace(/^\[|\]$/g, '')];
  const names = [...(options.host === '0.0.0.0' || options.host === '::' ? [] : [options.host]), ...forNodes, ...forOthers];
  const certificates = (): ReturnType<typeof provideCertificates> => provideCertificates({ directory: directory.certificates, names, now: new Date() });
  const named = new NamedCertificates(directory.certificates, () => new Date());
  const suffix = options.hostSuffix ?? HOST_SUFFIX;
  const shown = await certificates();
  let api: ApiPart | undefined;
  const serving: Pick<ListenerOptions, 'tlsFor' | 'onRequest' | 'onUpgrade'> = {
    tlsFor: (name) => {
      const certificate = certificateName(name, suffix);
      return certificate === undefined ? undefined : named.of(certificate);
    },
    onRequest: (request, response) => (api === undefined ? answerNotReady(request, response) : api.onRequest(request, response)),
    onUpgrade: (request, socket, head) => {
      if (api === undefined) socket.destroy();
      else api.onUpgrade(request, socket, head);
    },
  };
  const listener = await listen({ host: options.host, port: options.port, tls: shown, ...serving }).catch((error: unknown) => {
    throw error instanceof PortTakenError ? portTaken(options.port, options.host, '--port') : error;
  });
  const further = new Map<string, Listener>();
  const look = certificateRenewal({ main: listener, identity: shown, provide: certificates, further, named, now: () => new Date(), onRenewed: () => log.info('certificate renewed') });
  const renewal = setInterval(() => {
    look().catch((error: unknown) => log.error({ error }, 'the certificate could not be renewed'));
  }, RENEWAL_LOOK_MS);
  return {
    port: listener.port,
    listenAt: async (address) => {
      if (further.has(address)) return true;
      try {
        further.set(address, await listen({ host: address, port: listener.port, tls: await named.of(address), ...serving }));
        return true;
      } catch (error) {
        log.warn({ address, reason: messageOf(error) }, 'an account has no address of its own');
        return false;
      }
    },
    leave: async (address) => {
      const left = further.get(address);
      further.delete(address);
      await left?.close({ graceMs: CLOSE_GRACE_MS });
    },
    serve: (part) => {
      api = part;
    },
    close: async () => {
      clearInterval(renewal);
      api?.leave?.();
      await Promise.all([listener, ...further.values()].map((one) => one.close({ graceMs: CLOSE_GRACE_MS })));
    },
  };
}

function answerNotReady(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1', connection: 'close' }).end('starting\n');
}
