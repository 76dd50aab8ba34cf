/** Texts that a service makes up: nobody expects the same ones of another. */
const MADE_UP: readonly RegExp[] = [
  // Times, and dates of headers.
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
  // ETags.
  /^(?:W\/)?"?0x[0-9A-F]{12,}"?$/i,
  /^https?:\/\//i,
  // IPv4 addresses of nodes.
  /^\d{1,3}(?:\.\d{1,3}){3}$/,
];

/** Names within texts: GUIDs, nodes, ETags. */
const NAMES = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|tvmps_[0-9a-f]{16,}_[dp]|0x[0-9A-F]{12,}/gi;
const TIMES = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Whether two texts are of the same made-up kind, or alike but for made-up names in them. */
export function areSameKind(there: string, here: string): boolean {
  return MADE_UP.some((form) => form.test(there) && form.test(here)) || withoutNames(there) === withoutNames(here);
}

function withoutNames(text: string): string {
  return text.replaceAll(NAMES, '(name)').replaceAll(TIMES, '(time)');
}

/** Whether a text is, or holds, what a service makes up: it may name something in a later request. */
export function isMadeUp(text: string): boolean {
  return MADE_UP.some((form) => form.test(text)) || withoutNames(text) !== text;
}

/** The names in a text, in their order. */
export function namesIn(text: string): readonly string[] {
  return text.match(NAMES) ?? [];
}

/** A text with other names in it. */
export function withNames(text: string, name: (name: string) => string): string {
  return text.replaceAll(NAMES, name);
}

/** A text whose times are so many milliseconds later. */
export function shifted(text: string, byMs: number): string {
  return text.replaceAll(TIMES, (time) => new Date(Date.parse(time) + byMs).toISOString());
}
