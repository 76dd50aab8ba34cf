import { messageOf } from './base/errors.ts';
/**
 * What of an error goes into a log, whoever writes it: message, code and stack, and where PostgreSQL raised it. A
 * database error's other members (`detail`, `where`) quote rows, which hold clients' secrets. What is no error is given
 * back as it is.
 */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const members = (['code', 'routine'] as const).flatMap((name) => (name in error ? [[name, Reflect.get(error, name) as unknown]] : []));
  return { type: error.constructor.name, message: messagesOf(error), ...Object.fromEntries(members), stack: stacksOf(error) };
}

/**
 * Of a name with several addresses, none of which answers, Node says only in `errors` why; of rules that fail, only the
 * cause says how.
 */
function messagesOf(error: Error): string {
  const said = error.message === '' && error instanceof AggregateError ? error.errors.map((each) => (messageOf(each))).join('; ') : error.message;
  return error.cause instanceof Error ? `${said}: ${messagesOf(error.cause)}` : said;
}

function stacksOf({ stack = '', cause }: Error): string {
  return cause instanceof Error ? `${stack}\ncaused by: ${stacksOf(cause)}` : stack;
}
