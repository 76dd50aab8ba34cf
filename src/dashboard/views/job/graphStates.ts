/** As the service counts the states of a group: how they are drawn, and what they are called. */
export const GRAPH_HUES = ['wait', 'come', 'run', 'ok', 'bad'] as const;
export const GRAPH_WORDS = ['waiting', 'preparing', 'running', 'succeeded', 'failed'] as const;

/** `3 waiting, 1 failed`. */
export function graphWords(states: readonly number[]): string {
  return states.map((value, at) => (value > 0 ? `${value.toLocaleString()} ${GRAPH_WORDS[at] ?? ''}` : '')).filter((words) => words !== '').join(', ');
}
