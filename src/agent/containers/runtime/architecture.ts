import { arch } from 'node:os';

/** Processors that Node.js calls otherwise than images do (Go's names). */
const NAMES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** This machine's kind of processor, as images name it. */
export function ociArchitecture(): string {
  return NAMES[arch()] ?? arch();
}
