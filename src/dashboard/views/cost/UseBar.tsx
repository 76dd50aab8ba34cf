import { duration } from '../../text/format.ts';

interface Use {
  readonly nodeSeconds: number;
  readonly idleSeconds: number;
  readonly lostSeconds: number;
  /** Of the longest bar. */
  readonly most: number;
}

/** Node time as a bar: used, idle, lost. */
export function UseBar({ nodeSeconds, idleSeconds, lostSeconds, most }: Use) {
  const used = Math.max(0, nodeSeconds - idleSeconds - lostSeconds);
  return (
    <div class="bar thin" role="img" aria-label={`used ${duration(used * 1000)}, idle ${duration(idleSeconds * 1000)}, lost ${duration(lostSeconds * 1000)}`} style={{ width: `${(nodeSeconds / most) * 100}%` }}>
      <i class="hue-run" style={{ flexGrow: used }} />
      {idleSeconds === 0 ? null : <i class="hue-wait" style={{ flexGrow: idleSeconds }} />}
      {lostSeconds === 0 ? null : <i class="hue-go" style={{ flexGrow: lostSeconds }} />}
    </div>
  );
}
