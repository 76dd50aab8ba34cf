/** Canvases: as sharp as the screen, as wide as there is room, in the colours of the theme. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import type { Hue } from './states.ts';

/** Colours by their names in styles/tokens.css. */
export type Palette = Readonly<Record<Hue | 'surface' | 'sunk' | 'bg' | 'line' | 'edge' | 'text' | 'text2' | 'text3' | 'accent' | 'run-w' | 'ok-soft', string>>;

const NAMES: readonly (keyof Palette)[] = ['run', 'ok', 'bad', 'wait', 'come', 'go', 'hold', 'surface', 'sunk', 'bg', 'line', 'edge', 'text', 'text2', 'text3', 'accent', 'run-w', 'ok-soft'];

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

/** The width of an element, followed. */
export function useWidth<Of extends HTMLElement>(): readonly [RefObject<Of | null>, number] {
  const ref = useRef<Of>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const look = (): void => setWidth(Math.floor(element.clientWidth));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** Ready to be drawn on in CSS pixels, and empty. */
export function prepared(canvas: HTMLCanvasElement, widthPx: number, heightPx: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio;
  const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${widthPx}px`;
    canvas.style.height = `${heightPx}px`;
  }
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, widthPx, heightPx);
  return context;
}
