import type { IncomingMessage, ServerResponse } from 'node:http';
import { provideCertificates } from '../../../api/certificates.ts';
import { PortTakenError, listen } from '../../../api/listener.ts';
import type { Composition } from './composition.ts';
import type { ApiPart } from './parts.ts';
import { portTaken } from './portTaken.ts';

/** The open port. */
export interface Front {
  /** The real one when 0 was asked for. */
  readonly port: number;
  /** From now on requests go there; before, they are answered with 503. */
  serve(api: ApiPart): void;
  /** Lets requests under way end, for three seconds at most. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 3_000;
const RENEWAL_LOOK_MS = 6 * 3_600_000;

/** Opens the port; first of all, so that a taken one is known before anything is started. */
export async function openFront(given: Composition): Promise<Front> {
  const { directory, options, log } = given;
  const names = options.host === '0.0.0.0' || options.host === '::' ? [] : [options.host];
  const certificates = (): ReturnType<typeof provideCertificates> => provideCertificates({ directory: directory.certificates, names, now: new Date() });
  let shown = await certificates();
  let api: ApiPart | undefined;
  const listener = await listen({
    host: options.host,
    port: options.port,
    tls: shown,
    onRequest: (request, response) => (api === undefined ? answerNotReady(request, response) : api.onRequest(request, response)),
    onUpgrade: (request, socket, head) => {
      if (api === undefined) socket.destroy();
      else api.onUpgrade(request, socket, head);
    },
  }).catch((error: unknown) => {
    throw error instanceof PortTakenError ? portTaken(options.port, options.host, '--port') : error;
  });
  const renewal = setInterval(() => {
    if (Date.now() < shown.renewAt.getTime()) return;
    certificates().then(
      (renewed) => {
        shown = renewed;
        listener.replaceCertificate(shown);
        log.info('certificate renewed');
      },
      (error: unknown) => log.error({ error }, 'the certificate could not be renewed'),
    );
  }, RENEWAL_LOOK_MS);
  return {
    port: listener.port,
    serve: (part) => {
      api = part;
    },
    close: () => {
      clearInterval(renewal);
      return listener.close({ graceMs: CLOSE_GRACE_MS });
    },
  };
}

function answerNotReady(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1', connection: 'close' }).end('starting\n');
}
