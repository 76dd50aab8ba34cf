import type { JobToAdd, TaskToAdd } from '../run/account/batchAccount.ts';
import { joinCommandLine } from '../run/plan/commandLine.ts';
import { tilesOf, type Tile } from './render/layout.mjs';

/** A picture's size, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

/** What is rendered, in pixels; `samples` paths a pixel at least. */
export interface Picture extends Frame {
  readonly samples: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** What the tasks need to know of their surroundings. */
export interface Places {
  /** The Node.js that nodes run. */
  readonly node: string;
  /** Tasks run as administrator: see `needsAdministrator` in demo.ts. */
  readonly administrator: boolean;
  /** URL of a program file, by its name. */
  readonly programUrl: (name: string) => string;
  /** The container that tiles and picture go to: to write, and to read. */
  readonly writeUrl: string;
  readonly readUrl: string;
}

/** The program of a tile, and the scene; the program of the last task. Each begins with what node is given. */
export const TILE_FILES = ['tile.mjs', 'tracer.mjs', 'paths.mjs', 'hits.mjs', 'boxes.mjs', 'chance.mjs', 'vectors.mjs', 'layout.mjs', 'scene.mjs'] as const;
export const JOIN_FILES = ['join.mjs', 'filter.mjs', 'develop.mjs', 'png.mjs', 'layout.mjs'] as const;
export const PICTURE_FILE = 'picture.png';
const TILES = 'tiles';

const HEIGHT_OF_WIDTH = 9 / 16;
/** Tiles for each slot, so that the slots end at about the same time although some tiles take longer. */
const TILES_A_SLOT = 6;
const LEAST_TILE = 24;

/** Paths a pixel where nobody asks for a number: fewer leave specks, more are hardly seen after the filter. */
export const LEAST_SAMPLES = 4;
export const MOST_SAMPLES = 16;
/** The same of the picture's width. */
export const USUAL_WIDTH = 960;
export const LEAST_WIDTH = 480;

export function frameOf(width: number): Frame {
  return { width, height: Math.round(width * HEIGHT_OF_WIDTH) };
}
export function pixelsOf({ width, height }: Frame): number {
  return width * height;
}

/** A picture cut into enough tiles for `slots` tasks at a time. */
export function pictureOf(frame: Frame, samples: number, slots: number): Picture {
  const { width, height } = frame;
  const wanted = Math.max(24, slots * TILES_A_SLOT);
  const side = Math.max(LEAST_TILE, Math.floor(Math.sqrt(pixelsOf(frame) / wanted)));
  const across = Math.ceil(width / side);
  const down = Math.ceil(height / side);
  return { width, height, samples, tileWidth: Math.ceil(width / across), tileHeight: Math.ceil(height / down) };
}

export function tilesOfPicture({ width, height, tileWidth, tileHeight }: Picture): Tile[] {
  return tilesOf(width, height, tileWidth, tileHeight);
}

export function demoJob(id: string, poolId: string): JobToAdd {
  return { id, displayName: 'linarite demo', poolInfo: { poolId }, usesTaskDependencies: true, onAllTasksComplete: 'noaction' };
}

/** One task a tile, numbered from 1, and the one that joins them when all have succeeded. */
export function demoTasks(picture: Picture, places: Places): TaskToAdd[] {
  const tiles = tilesOfPicture(picture);
  return [...tiles.map((tile, index) => tileTask(String(index + 1), tile, picture, places)), joinTask(tiles.length, picture, places)];
}

function tileTask(id: string, { name, left, top, columns, lines }: Tile, { width, height, samples }: Picture, places: Places): TaskToAdd {
  return {
    id,
    displayName: `tile at ${left},${top}`,
    commandLine: joinCommandLine([places.node, TILE_FILES[0], ...[width, height, left, top, columns, lines, samples].map(String), name]),
    resourceFiles: TILE_FILES.map((file) => ({ filePath: file, httpUrl: places.programUrl(file) })),
    outputFiles: [output(name, `${TILES}/${name}`, places)],
    ...identity(places),
  };
}

function joinTask(tiles: number, { width, height, tileWidth, tileHeight }: Picture, places: Places): TaskToAdd {
  return {
    id: 'join',
    displayName: 'tiles to a picture',
    commandLine: joinCommandLine([places.node, JOIN_FILES[0], ...[width, height, tileWidth, tileHeight].map(String), TILES, PICTURE_FILE]),
    dependsOn: { taskIdRanges: [{ start: 1, end: tiles }] },
    resourceFiles: [...JOIN_FILES.map((file) => ({ filePath: file, httpUrl: places.programUrl(file) })), { storageContainerUrl: places.readUrl, blobPrefix: `${TILES}/` }],
    outputFiles: [output(PICTURE_FILE, PICTURE_FILE, places)],
    ...identity(places),
  };
}

function output(filePattern: string, path: string, { writeUrl }: Places): NonNullable<TaskToAdd['outputFiles']>[number] {
  return { filePattern, destination: { container: { containerUrl: writeUrl, path } }, uploadOptions: { uploadCondition: 'tasksuccess' } };
}

function identity({ administrator }: Places): Pick<TaskToAdd, 'userIdentity'> {
  return administrator ? { userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'admin' } } } : {};
}
