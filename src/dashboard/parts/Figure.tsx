import type { ComponentChildren } from 'preact';
import type { Hue, IconName } from '../charts/states.ts';
import { Icon } from './Icon.tsx';

export interface FigureProps {
  readonly value: ComponentChildren;
  readonly label: ComponentChildren;
  readonly of?: ComponentChildren;
  readonly hue?: Hue;
  readonly icon?: IconName;
  /** Where its rows are. */
  readonly href?: string;
  /** From here on at the right. */
  readonly right?: boolean;
}

/** A number that people look for. */
export function Figure({ value, label, of, hue, icon, href, right = false }: FigureProps) {
  const content = (
    <>
      <b>
        {value}
        {of === undefined ? null : <small> {of}</small>}
      </b>
      <span>
        {icon === undefined ? null : <Icon name={icon} />}
        {label}
      </span>
    </>
  );
  const style = `fig ${hue === undefined ? '' : `hue-${hue}`} ${right ? 'right' : ''}`;
  return href === undefined ? <div class={style}>{content}</div> : <a class={style} href={href}>{content}</a>;
}
