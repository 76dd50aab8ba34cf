// What a build is made of, for `linarite --version`: the commit of the sources, and the day.
import { execFileSync } from 'node:child_process';

/**
 * `commit` is null where the sources are no clone, and ends with `+changes` where files differ from it. The day is that
 * of SOURCE_DATE_EPOCH (reproducible-builds.org) where it is set.
 */
export function buildInfo(environment = process.env, now = new Date()) {
  const epoch = Number(environment.SOURCE_DATE_EPOCH || Number.NaN);
  const day = (Number.isFinite(epoch) ? new Date(epoch * 1000) : now).toISOString().slice(0, 10);
  return { commit: commit(), day };
}

function commit() {
  try {
    // A clone of another project around ours says nothing of us.
    if (git('rev-parse', '--show-prefix') !== '') return null;
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--', 'src', 'scripts', 'package-lock.json') === '' ? '' : '+changes'}`;
  } catch {
    return null;
  }
}

function git(...words) {
  return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
