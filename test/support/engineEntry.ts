import { CONTAINER_ENGINE } from '../../src/agent/containers/engine.ts';
import { containerEngine } from '../../src/agent/containers/runtime/program.ts';

process.umask(0o022);
process.exit(await containerEngine(process.argv.slice(process.argv.indexOf(CONTAINER_ENGINE) + 1)));
