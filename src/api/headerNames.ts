/**
 * The headers of answers as the service spells them (recorded; of those that are not, as HTTP does). HTTP tells no case
 * apart, but azure-batch for Java does: to it a header in another case is not there.
 */
const SPELLED = ['Connection', 'Content-Length', 'Content-Range', 'Content-Type', 'DataServiceId', 'DataServiceVersion', 'ETag', 'Last-Modified', 'Location', 'Retry-After', 'Server', 'WWW-Authenticate', 'X-Content-Type-Options'];

const byLowerCase: ReadonlyMap<string, string> = new Map(SPELLED.map((name) => [name.toLowerCase(), name]));

/** A header's name as it goes out; those that the table does not have (`request-id`, `ocp-…`) are in lower case. */
export function headerName(name: string): string {
  const lower = name.toLowerCase();
  return byLowerCase.get(lower) ?? lower;
}
