export function encodePng(width: number, height: number, pixels: Uint8Array): Buffer;
