/**
 * Version of the storage protocol: the first with blocks of 4,000 MiB is 2019-12-12; every server of these years knows
 * this one.
 */
export const STORAGE_VERSION = '2021-12-02';
