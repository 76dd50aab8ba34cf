const DRAWN = 16;

/** Slots of a node: how many are in use. */
export function Slots({ used, all }: { readonly used: number; readonly all: number }) {
  return (
    <span>
      {all > DRAWN ? null : (
        <span class="slots" aria-hidden="true">
          {Array.from({ length: all }, (_value, at) => <i key={at} class={at < used ? 'used' : ''} />)}
        </span>
      )}{' '}
      {used} of {all}
    </span>
  );
}
