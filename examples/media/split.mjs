// The twin that knows the cloud: one film is encoded in pieces, which tasks cut out of it by themselves and put into a
// container; one more task, which depends on all, joins them. Usage: split.mjs FILM RESULT
import { execFileSync } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { addPool, batch, linkTo, main, resourceFiles, succeeded, withPlace } from '../azure.mjs';

const PIECE_S = 4;
const INSTALL = "/bin/sh -c 'apt-get update && apt-get install -y ffmpeg'";
const [film, result] = process.argv.slice(2).map((path) => resolve(path));

await main(() => withPlace('media', async ({ name, container }) => {
  const [input] = await resourceFiles(container, [film]);
  const [link, readable] = [await linkTo(container, 'rw'), await linkTo(container, 'rl')];
  await addPool(name, {
    targetDedicatedNodes: 2,
    taskSlotsPerNode: 2,
    // Nodes of a service of this machine have what the machine has.
    ...(process.env.LINARITE_PID === undefined ? { startTask: { commandLine: INSTALL, waitForSuccess: true, userIdentity: { autoUser: { elevationLevel: 'admin', scope: 'pool' } } } } : {}),
  });
  await batch.job.add({ id: name, poolInfo: { poolId: name }, usesTaskDependencies: true });
  const pieces = piecesOf(film).map((number) => ({ id: `piece-${number}`, file: `piece-${number}.ts`, start: number * PIECE_S }));
  await batch.task.addCollection(name, [
    ...pieces.map(({ id, file, start }) => ({
      id,
      commandLine: `ffmpeg -nostdin -loglevel error -ss ${start} -t ${PIECE_S} -i ${basename(film)} -c:v libx264 -crf 26 -muxdelay 0 ${file}`,
      resourceFiles: [input],
      outputFiles: [fileTo(link, file, `pieces/${file}`)],
    })),
    {
      id: 'join',
      commandLine: `ffmpeg -nostdin -loglevel error -i concat:${pieces.map(({ file }) => `pieces/${file}`).join('|')} -c copy film.mp4`,
      dependsOn: { taskIds: pieces.map(({ id }) => id) },
      // All blobs below the prefix: they are there when the task may run.
      resourceFiles: [{ storageContainerUrl: readable, blobPrefix: 'pieces/' }],
      outputFiles: [fileTo(link, 'film.mp4', 'film.mp4')],
    },
  ]);
  await succeeded(name, 'join');
  await container.getBlobClient('film.mp4').downloadToFile(result);
  const nodes = new Set((await batch.task.list(name)).map(({ nodeInfo }) => nodeInfo?.nodeId));
  console.log(`${pieces.length} pieces and a join on ${nodes.size} nodes`);
}));

function fileTo(containerUrl, filePattern, path) {
  return { filePattern, destination: { container: { containerUrl, path } }, uploadOptions: { uploadCondition: 'taskSuccess' } };
}

function piecesOf(path) {
  const seconds = Number(execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path]));
  return Array.from({ length: Math.ceil(seconds / PIECE_S - 0.01) }, (_, number) => number);
}
