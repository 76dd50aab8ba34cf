import picomatch from 'picomatch';
import type { NodeImage, NodeRequest } from '../provider.ts';

/** Which pools get their nodes from which provider: the first rule whose every condition holds. */
export interface ProviderRule {
  readonly provider: string;
  /** Patterns with `*`, `?` and `[…]`, compared without case; one of each list has to fit. Left out: any does. */
  readonly pools?: readonly string[];
  readonly vmSizes?: readonly string[];
  /** As `nameOfImage` has them. */
  readonly images?: readonly string[];
}

export type Asked = Pick<NodeRequest, 'poolId' | 'vmSize' | 'image'>;

/** Compiles the rules: which provider a pool gets its nodes from. `byDefault`: of pools that no rule is about. */
export function chooseBy(rules: readonly ProviderRule[], byDefault: string): (asked: Asked) => string {
  const compiled = rules.map(({ provider, pools, vmSizes, images }) => {
    const [isPool, isSize, isImage] = [pools, vmSizes, images].map(anyOf);
    const holds = ({ poolId, vmSize, image }: Asked): boolean => isPool?.(poolId) !== false && isSize?.(vmSize) !== false && isImage?.(nameOfImage(image)) !== false;
    return { provider, holds };
  });
  return (asked) => compiled.find(({ holds }) => holds(asked))?.provider ?? byDefault;
}

/** Whether the image that a pool asks for fits a pattern, as those of rules do. */
export function fitsImage(pattern: string, image: NodeImage | null): boolean {
  return anyOf([pattern])?.(nameOfImage(image)) === true;
}

/** `publisher:offer:sku:version`, or the resource id of an own image; empty: the pool names none. */
function nameOfImage(image: NodeImage | null): string {
  if (image === null) return '';
  return image.kind === 'own' ? image.id : [image.publisher, image.offer, image.sku, image.version].join(':');
}

/** Slashes are letters here as any other: ids of images have many. */
const PLAIN = { nobrace: true, noextglob: true, nonegate: true, nocase: true, dot: true, bash: true } as const;

function anyOf(patterns: readonly string[] | undefined): ((text: string) => boolean) | undefined {
  if (patterns === undefined) return undefined;
  const matches = patterns.map((pattern) => picomatch(pattern, PLAIN));
  return (text) => matches.some((match) => match(text));
}
