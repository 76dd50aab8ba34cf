// The program that is brought along to a host. Agents are processes of it, and so is each ask about them.
import { messageOf } from '../../../base/errors.ts';
import { ANSWER_ASK } from './words.ts';

const running =
  process.argv[2] === ANSWER_ASK
    ? import('./answer.ts').then(({ answerAsk }) => answerAsk())
    : import('../../../agent/main.ts').then(({ agentMain }) => agentMain());
running.catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
