/** The most that a request for a seed brings, contents of files included, which are base64 in it. */
export const SEED_BYTES = 32 * 1024 * 1024;
/** How long a seed may take: what it had made by then stays, and is found by the next. Clients wait five minutes. */
export const SEED_TIMEOUT_MS = 4 * 60_000;
