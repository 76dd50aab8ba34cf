export function buildInfo(environment?: NodeJS.ProcessEnv, now?: Date): { readonly commit: string | null; readonly day: string };
