#!/usr/bin/env node
// Loads the program once this Node.js is known to run it. What is here and what it imports is read by old ones too, so
// it is written for them.
import { refusedNode } from './nodeVersion.ts';

const refusal = refusedNode(process.versions.node);
if (refusal === '') {
  // The program of a node is another one: it loads nothing of the command line.
  const ended =
    process.argv[2] === 'agent'
      ? import('../agent/main.ts').then(function ({ agentMain }) {
          return agentMain();
        })
      : import('./program.ts').then(function ({ runProgram }) {
          return runProgram();
        });
  ended.catch(function (error) {
    console.error(error);
    process.exit(1);
  });
} else {
  console.error('linarite: ' + refusal);
  process.exit(1);
}
