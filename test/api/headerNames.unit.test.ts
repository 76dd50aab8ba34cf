import { expect, test } from 'vitest';
import { headerName } from '../../src/api/headerNames.ts';

/** Names as live recordings of the service spell them; some clients read them with their case. */
const RECORDED = [
  'Content-Length', 'Content-Type', 'DataServiceId', 'DataServiceVersion', 'ETag', 'Last-Modified', 'Location', 'Retry-After', 'Server',
  'ocp-batch-file-isdirectory', 'ocp-batch-file-url', 'ocp-creation-time', 'request-id', 'x-ms-request-id',
];

test.each(RECORDED)('%s goes out as the service spells it', (name) => {
  expect([headerName(name.toLowerCase()), headerName(name.toUpperCase()), headerName(name)]).toEqual([name, name, name]);
});
