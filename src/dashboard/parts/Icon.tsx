import type { ComponentChild } from 'preact';
import type { IconName } from '../charts/states.ts';

const LINE = { fill: 'none', stroke: 'currentColor' } as const;

/** On a grid of 12. */
const PICTURES: Readonly<Record<IconName, ComponentChild>> = {
  play: <path d="M3.5 2v8l6.5-4z" />,
  check: <path d="M2 6.4 4.8 9 10 3.4" {...LINE} stroke-width="1.9" />,
  cross: <path d="m3 3 6 6m0-6-6 6" {...LINE} stroke-width="1.9" />,
  close: <path d="m3 3 6 6m0-6-6 6" {...LINE} stroke-width="1.4" />,
  ring: <circle cx="6" cy="6" r="3.7" {...LINE} stroke-width="1.7" />,
  half: <><circle cx="6" cy="6" r="3.7" {...LINE} stroke-width="1.5" /><path d="M6 2.3a3.7 3.7 0 0 1 0 7.4z" /></>,
  swap: <path d="M2 4h7M7 2l2 2-2 2M10 8H3m2-2L3 8l2 2" {...LINE} stroke-width="1.5" />,
  warn: <path d="M6 1 11.4 10.6H.6zM5.4 4.4l.2 3h.8l.2-3zM6 8.2a.7.7 0 1 0 0 1.4.7.7 0 0 0 0-1.4" fill-rule="evenodd" />,
  search: <><circle cx="5.2" cy="5.2" r="3.4" {...LINE} stroke-width="1.4" /><path d="m7.8 7.8 3 3" {...LINE} stroke-width="1.4" /></>,
  more: <><circle cx="2.2" cy="6" r="1.2" /><circle cx="6" cy="6" r="1.2" /><circle cx="9.8" cy="6" r="1.2" /></>,
  plus: <path d="M6 2v8M2 6h8" {...LINE} stroke-width="1.7" />,
  moon: <path d="M9.9 7.6A4.4 4.4 0 0 1 4.4 2.1 4.4 4.4 0 1 0 9.9 7.6z" />,
  sun: <><circle cx="6" cy="6" r="2.2" /><path d="M6 .8v1.6M6 9.6v1.6M.8 6h1.6M9.6 6h1.6M2.3 2.3l1.2 1.2M8.5 8.5l1.2 1.2M9.7 2.3 8.5 3.5M3.5 8.5 2.3 9.7" {...LINE} stroke-width="1.2" /></>,
  home: <path d="M6 1.4 1.2 5.6V11h3.4V7.6h2.8V11h3.4V5.6z" />,
  pool: <path d="M1 1h4.4v4.4H1zm5.6 0H11v4.4H6.6zM1 6.6h4.4V11H1zm5.6 0H11V11H6.6z" />,
  job: <path d="M1 2h10v2H1zm0 3.2h7v2H1zm0 3.2h9v2H1z" />,
  coin: <><circle cx="6" cy="6" r="4.6" {...LINE} stroke-width="1.5" /><path d="M8 4.2A2.3 2.3 0 1 0 8 7.8" {...LINE} stroke-width="1.3" /></>,
  bell: <path d="M6 1a3.3 3.3 0 0 1 3.3 3.3V7l1.2 1.8h-9L2.7 7V4.3A3.3 3.3 0 0 1 6 1m-1.2 8.6h2.4a1.2 1.2 0 0 1-2.4 0" />,
  pause: <path d="M3 2.5h2v7H3zm4 0h2v7H7z" />,
  stop: <path d="M2.8 2.8h6.4v6.4H2.8z" />,
  gone: <><path d="M2.8 2.8h6.4v6.4H2.8z" {...LINE} stroke-width="1.3" /><path d="M2.8 2.8H6v6.4H2.8z" /></>,
  equal: <path d="M2.5 4.5h7m-7 3h7" {...LINE} stroke-width="1.5" />,
  question: <path d="M4 4.2a2 2 0 1 1 2.8 1.9c-.6.3-.8.6-.8 1.3M6 9v1.2" {...LINE} stroke-width="1.5" />,
  clock: <><circle cx="6" cy="6" r="4.6" {...LINE} stroke-width="1.3" /><path d="M6 3.2V6l2 1.4" {...LINE} stroke-width="1.3" /></>,
  mark: <><path d="M6 .4 11 4 8.6 11.4H3.4L1 4z" class="mark-fill" /><path d="M6 .4V11.4L3.4 4.6zM1 4l5 .6L11 4" class="mark-line" fill="none" stroke-width=".7" /></>,
  up: <path d="m2.5 7.5 3.5-4 3.5 4" {...LINE} stroke-width="1.6" />,
  down: <path d="m2.5 4.5 3.5 4 3.5-4" {...LINE} stroke-width="1.6" />,
  copy: <><path d="M4 1.5h6.5V8" {...LINE} stroke-width="1.2" /><path d="M1.5 4H8v6.5H1.5z" {...LINE} stroke-width="1.2" /></>,
  file: <path d="M2.5 1h4.4l2.6 2.6V11h-7z" {...LINE} stroke-width="1.2" />,
  folder: <path d="M1 2.5h3.6l1 1.3H11V10H1z" />,
};

/** Hidden from those who do not see it: a word stands beside, or the control has a name. */
export function Icon({ name, size }: { readonly name: IconName; readonly size?: 'md' | 'lg' }) {
  return (
    <svg class={`i ${size ?? ''}`} viewBox="0 0 12 12" fill="currentColor" aria-hidden="true">
      {PICTURES[name]}
    </svg>
  );
}
