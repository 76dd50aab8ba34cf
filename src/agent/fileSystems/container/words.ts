/** The word by which an agent's program becomes the server of one container. */
export const SERVE_CONTAINER = 'serve-container';
/** What it says when the file system can be used. */
export const MOUNTED = 'mounted\n';
