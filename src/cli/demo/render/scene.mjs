// What the picture shows: a cluster of linarite (the deep azure mineral this project is named after) on its rock,
// among glass and metal, in the light of two softboxes. Lengths are about decimetres; y points up; the table is y = 0.
// Everything is a table or follows from `seed`, so that every tile of a picture sees the same scene.
import { along, cross, dot, unit } from './vectors.mjs';

const seed = 20;

export const camera = {
  from: [0.7, 1.75, 8.6],
  to: [0.03, 1.12, 0],
  /** Vertical opening, degrees. */
  fieldOfView: 24.5,
  /** Radius of the lens: how soft things away from the plane of focus are. */
  aperture: 0.11,
  /** Distance of the plane of focus; just before the tallest crystal. */
  focus: 8.05,
};

/**
 * Radiance from directions that meet nothing: a studio wall at dusk, warm and bright behind the crystals, dark blue
 * above.
 */
export const backdrop = {
  horizon: [0.075, 0.09, 0.16],
  middle: [0.035, 0.05, 0.11],
  zenith: [0.04, 0.055, 0.1],
  glow: { toward: [-0.07, 0.0, -1], colour: [1.75, 1.5, 1.5], sharpness: 62 },
};

/** Rectangles that shine on their front: centre, half edges, radiance. */
export const lights = [
  { at: [-4.2, 6.2, 3.4], toward: [0, 0.8, 0], halfWidth: 1.7, halfHeight: 1.7, radiance: [15, 13.8, 12.2] },
  { at: [5.2, 3.9, -3.6], toward: [0, 1.1, 0], halfWidth: 0.9, halfHeight: 2.3, radiance: [10, 13, 18] },
  { at: [0.4, 8.5, -1.5], toward: [0, 0, 0], halfWidth: 2.4, halfHeight: 2.0, radiance: [5, 5.4, 6.4] },
];

export const table = { kind: 'coated', colour: [0.3, 0.185, 0.12], roughness: 0.17 };

export const materials = {
  linarite: { kind: 'glass', index: 1.62, absorption: [2.7, 0.95, 0.02] },
  glass: { kind: 'glass', index: 1.5, absorption: [0.09, 0.03, 0.05] },
  rock: { kind: 'diffuse', colour: [0.27, 0.215, 0.175] },
  gold: { kind: 'metal', colour: [1.0, 0.72, 0.3], roughness: 0.03 },
  copper: { kind: 'metal', colour: [0.96, 0.56, 0.42], roughness: 0.24 },
  steel: { kind: 'metal', colour: [0.78, 0.8, 0.83], roughness: 0.012 },
  pearl: { kind: 'coated', colour: [0.86, 0.82, 0.78], roughness: 0.05 },
  coral: { kind: 'coated', colour: [0.82, 0.2, 0.1], roughness: 0.06 },
  night: { kind: 'coated', colour: [0.025, 0.07, 0.2], roughness: 0.04 },
  lamp: { kind: 'lamp', colour: [13, 6.6, 2.2] },
};

const balls = [
  ['gold', -2.02, 0.62, 0.62, 0.62],
  ['glass', 1.78, 0.56, 1.25, 0.56],
  ['copper', 2.66, 0.46, -0.75, 0.46],
  ['pearl', -1.0, 0.27, 1.75, 0.27],
  ['steel', 0.74, 0.2, 1.95, 0.2],
  ['night', -2.95, 0.34, -0.7, 0.34],
  ['coral', 0.22, 0.14, 2.45, 0.14],
  ['coral', 2.4, 0.17, 0.62, 0.17],
  ['gold', 1.12, 0.12, 2.5, 0.12],
  ['glass', -0.36, 0.16, 2.2, 0.16],
  ['steel', -2.75, 0.22, 1.3, 0.22],
];

/** Small lamps far behind, which the lens turns into discs: [x, y, z, radius]. */
const lamps = [
  [-6.4, 0.75, -11.5, 0.13], [-4.9, 2.3, -12.5, 0.11], [-3.3, 0.55, -9.8, 0.1], [3.4, 3.0, -13, 0.11], [4.0, 0.75, -10.5, 0.12],
  [5.6, 2.1, -12, 0.12], [2.5, 0.5, -8.2, 0.08], [-5.6, 3.5, -13.5, 0.1], [-2.2, 3.4, -14, 0.09], [-7.4, 1.9, -13, 0.11],
];

/** A small seeded generator, for positions only. */
function numbers(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A convex body as half spaces n.x <= d, with a ball around it. */
function body(material, faces, centre, radius) {
  return { shape: 'body', material, faces: faces.map(({ normal, through }) => [...normal, dot(normal, through)]), centre, radius };
}

/**
 * One crystal: a six-sided blade around `axis`, wider one way than the other, cut at its end by four slanted faces
 * and a small flat tip. Its foot lies below the rock.
 */
function crystal(foot, axis, length, width, turn, random) {
  const up = unit(axis);
  const helper = Math.abs(up[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0];
  const sideA = unit(cross(up, helper));
  const sideB = cross(up, sideA);
  const around = (angle) => along(sideA.map((x) => x * Math.cos(angle)), Math.sin(angle), sideB);
  const tip = along(foot, length, up);
  const faces = [];
  const breadths = [1, 0.86, 0.52, 1, 0.86, 0.52];
  // Opposite faces side by side: a ray that misses is known to miss after two of them.
  for (const i of [0, 3, 1, 4, 2, 5]) {
    const normal = around(turn + (i * Math.PI) / 3 + (i % 3 === 2 ? 0.12 : 0));
    faces.push({ normal, through: along(foot, width * breadths[i] * (0.94 + 0.12 * random()), normal) });
  }
  for (let i = 0; i < 4; i++) {
    const slope = 0.62 + 0.34 * random();
    const outward = around(turn + 0.4 + (i * Math.PI) / 2 + 0.5 * random());
    const normal = unit(along(outward.map((x) => x * Math.cos(slope)), Math.sin(slope), up));
    faces.push({ normal, through: along(tip, -width * 0.1 * random(), up) });
  }
  faces.push({ normal: up, through: along(tip, -width * (0.1 + 0.12 * random()), up) });
  faces.push({ normal: up.map((x) => -x), through: foot });
  return body('linarite', faces, along(foot, length / 2, up), Math.hypot(length / 2, width * 1.2));
}

/** A stone: a ball cut by random planes. */
function stone(centre, size, cuts, random) {
  const faces = [];
  for (let i = 0; i < cuts; i++) {
    const height = 1 - (2 * (i + 0.5)) / cuts;
    const turn = i * 2.39996 + random() * 0.7;
    const flat = Math.sqrt(1 - height * height);
    const normal = unit([flat * Math.cos(turn), height + (random() - 0.5) * 0.3, flat * Math.sin(turn)]);
    const reach = 0.8 + 0.2 * random();
    faces.push({ normal, through: [0, 1, 2].map((k) => centre[k] + normal[k] * size[k] * reach) });
  }
  return body('rock', faces, centre, Math.max(...size) * 1.35);
}

/** Where the crystals stand: [lean to the right, lean to the viewer, length, width, foot x, foot z]. */
const stand = [
  [0.06, 0.02, 2.55, 0.4, 0.02, -0.05],
  [-0.42, 0.02, 2.1, 0.33, -0.28, -0.1],
  [0.5, -0.05, 2.0, 0.31, 0.32, -0.12],
  [-0.16, -0.4, 2.2, 0.34, -0.12, -0.42],
  [0.3, 0.5, 1.5, 0.27, 0.24, 0.3],
  [-0.32, 0.5, 1.42, 0.25, -0.2, 0.34],
  [0.95, 0.12, 1.5, 0.24, 0.55, 0.05],
  [-0.95, 0.16, 1.55, 0.24, -0.52, 0.06],
  [0.02, 0.95, 1.08, 0.2, 0.03, 0.5],
  [0.74, 0.72, 1.08, 0.18, 0.45, 0.42],
  [-0.78, 0.74, 1.1, 0.19, -0.45, 0.42],
  [0.62, -0.5, 1.7, 0.25, 0.4, -0.5],
  [-0.7, -0.45, 1.6, 0.24, -0.45, -0.5],
  [1.35, 0.45, 1.05, 0.15, 0.7, 0.28],
  [-1.4, 0.5, 1.0, 0.15, -0.7, 0.3],
];

function cluster() {
  const random = numbers(seed);
  const made = [];
  for (const [right, near, length, width, x, z] of stand) {
    made.push(crystal([x * 0.8, 0.12, z * 0.8], [right, 1.15, near], length, width, random() * Math.PI, random));
  }
  made.push(stone([0, 0.16, -0.02], [0.98, 0.4, 0.8], 34, random));
  made.push(stone([0.72, 0.12, 0.3], [0.5, 0.26, 0.42], 26, random));
  made.push(stone([-0.75, 0.13, 0.26], [0.48, 0.27, 0.44], 26, random));
  made.push(stone([0.05, 0.1, 0.66], [0.5, 0.21, 0.34], 26, random));
  made.push(stone([-1.42, 0.06, 1.12], [0.17, 0.1, 0.14], 22, random));
  made.push(stone([1.22, 0.05, 0.98], [0.12, 0.08, 0.1], 22, random));
  return made;
}

/** All solids. */
export const solids = [
  ...cluster(),
  ...balls.map(([material, x, y, z, radius]) => ({ shape: 'ball', material, centre: [x, y, z], radius })),
  ...lamps.map(([x, y, z, radius]) => ({ shape: 'ball', material: 'lamp', centre: [x, y, z], radius })),
];
