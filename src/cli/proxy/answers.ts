import type { ServerResponse } from 'node:http';

/** An answer of the proxy itself, in the form of the service's errors: clients show its code and message. */
export function refuse(response: ServerResponse, status: number, { code, message }: { readonly code: string; readonly message: string }): void {
  if (response.headersSent) return void response.destroy();
  const text = JSON.stringify({ code, message: { lang: 'en-US', value: message }, values: [{ key: 'Reason', value: message }] });
  response.writeHead(status, { 'content-type': 'application/json; odata=minimalmetadata', 'content-length': Buffer.byteLength(text), 'x-linarite-proxy': code });
  response.end(text);
}
