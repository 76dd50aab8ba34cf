/** `GET /linarite/jobs/{job}/tasks/{task}/files/{file}/find`: where a text stands in a file of a task. */
export interface Found {
  /** Bytes from the beginning of the file, ascending; the first 1,000. */
  readonly offsets: readonly number[];
  /** The search has looked from `from` up to here. */
  readonly from: number;
  readonly through: number;
  /** How large the file was. */
  readonly size: number;
  /** False: there may be more from `through` on. */
  readonly exact: boolean;
}
