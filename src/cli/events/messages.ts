/** Server-sent events as they come; `id` null: the message has none. */
export async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<{ readonly id: string | null; readonly data: string }> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const values = (name: string): string[] => message.split('\n').flatMap((line) => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).replace(/^ /, '')] : []));
      yield { id: values('id').at(-1) ?? null, data: values('data').join('\n') };
    }
  }
}
