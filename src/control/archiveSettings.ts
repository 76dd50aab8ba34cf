/** What of completed tasks is archived, by the operator's word. */
export interface ArchiveSettings {
  /** false: nothing; what is there already stays until its time has come. */
  readonly isOn: boolean;
  /** Files beyond stdout and stderr, as patterns below a task's directory. */
  readonly patterns: readonly string[];
  /** Of a file that is larger so much of its end. */
  readonly maxFileBytes: number;
  /** Of all objects of an account: beyond it the oldest go. */
  readonly maxTotalBytes: number;
}

export const ARCHIVE_SETTINGS: ArchiveSettings = { isOn: true, patterns: [], maxFileBytes: 1 << 20, maxTotalBytes: 1 << 30 };
