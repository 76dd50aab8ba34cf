import { agentMain } from '../../src/agent/main.ts';

await agentMain();
