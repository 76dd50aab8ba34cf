import type { ComponentChildren } from 'preact';
import { Menu, type MenuItem } from './Menu.tsx';
import { Name } from './text.tsx';

export interface HeadProps {
  readonly crumbs?: readonly { readonly word: string; readonly href: string }[];
  readonly title: string;
  readonly badge?: ComponentChildren;
  readonly sub?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly more?: readonly MenuItem[];
}

/** What a view is of, in which state, and what can be done with it. */
export function Head({ crumbs = [], title, badge, sub, actions, more = [] }: HeadProps) {
  return (
    <div class="head">
      <div class="titles">
        {crumbs.length === 0 ? null : (
          <nav class="crumb" aria-label="Above">
            {crumbs.map(({ word, href }) => (
              <span key={href}>
                <a href={href}>
                  <Name most={32}>{word}</Name>
                </a>{' '}
                /{' '}
              </span>
            ))}
          </nav>
        )}
        <h1>
          <Name most={48}>{title}</Name>
        </h1>
        {badge}
        {sub === undefined ? null : <span class="sub">{sub}</span>}
      </div>
      <div class="acts">
        {actions}
        <Menu items={more} />
      </div>
    </div>
  );
}
