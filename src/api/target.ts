/** The target of a request line, as sent: still percent-encoded. */
export interface Target {
  readonly path: string;
  /** Without the question mark. */
  readonly rawQuery: string;
}

export function splitTarget(rawUrl: string): Target {
  const mark = rawUrl.indexOf('?');
  return mark === -1 ? { path: rawUrl, rawQuery: '' } : { path: rawUrl.slice(0, mark), rawQuery: rawUrl.slice(mark + 1) };
}
