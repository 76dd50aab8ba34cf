#!/usr/bin/env node
// Loads the program once this Node.js is known to run it. What is here and what it imports is read by old ones too, so it is written for them.
import { refusedNode } from './nodeVersion.ts';

const refusal = refusedNode(process.versions.node);
if (refusal === '') {
  import('./program.ts').catch(function (error) {
    console.error(error);
    process.exit(1);
  });
} else {
  console.error('linarite: ' + refusal);
  process.exit(1);
}
