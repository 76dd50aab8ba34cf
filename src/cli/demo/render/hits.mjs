// What a ray meets. Hot code: numbers live in typed arrays and locals, nothing is allocated per ray.
import { boxOf, boxTree } from './boxes.mjs';
import { lights, materials, solids, table } from './scene.mjs';
import { cross, unit } from './vectors.mjs';

export const NEAR = 1e-4;
export const FAR = 1e9;

/** The materials in the order of their numbers; the table's is the last. */
const materialNames = Object.keys(materials);
export const TABLE = materialNames.length;
export const materialRows = [...materialNames.map((name) => materials[name]), table];

// Solids in the order of the tree's leaves. A solid without faces is a ball.
const { boxes, skip, leaf, order } = boxTree(solids.map(boxOf));
const sorted = order.map((i) => solids[i]);
const cx = Float64Array.from(sorted, (s) => s.centre[0]);
const cy = Float64Array.from(sorted, (s) => s.centre[1]);
const cz = Float64Array.from(sorted, (s) => s.centre[2]);
const rr = Float64Array.from(sorted, (s) => s.radius * s.radius);
const material = Int32Array.from(sorted, (s) => materialNames.indexOf(s.material));
const faceStart = new Int32Array(sorted.length + 1);
sorted.forEach((s, i) => {
  faceStart[i + 1] = faceStart[i] + (s.faces?.length ?? 0);
});
const faces = Float64Array.from(sorted.flatMap((s) => (s.faces ?? []).flat()));

// Lights: centre, half edges u and v, front normal, area, radiance, the half edges' squared lengths; LIGHT numbers
// each.
export const lightRows = Float64Array.from(
  lights.flatMap((l) => {
    const normal = unit(l.toward.map((x, k) => x - l.at[k]));
    const u = unit(cross(normal, [0, 1, 0]));
    const v = cross(u, normal);
    return [...l.at, ...u.map((x) => x * l.halfWidth), ...v.map((x) => x * l.halfHeight), ...normal, 4 * l.halfWidth * l.halfHeight, ...l.radiance, l.halfWidth ** 2, l.halfHeight ** 2];
  }),
);
export const LIGHT = 18;
export const lightCount = lights.length;
const nodeCount = skip.length;

// The nearest hit: distance, normal (outward), row of the material, what was met, 1 when the ray leaves a solid.
export const hit = new Float64Array(7);
/** What `hit[5]` says beside a solid's number: the table, nothing, and (LIGHTS - i) for light i. */
export const ON_TABLE = -1;
export const NOTHING = -2;
export const LIGHTS = -3;
// Beside the distance that `solidHit` returns: the face met, and 1 when the ray leaves.
const met = new Int32Array(2);

/** True when a ray from o, with `ix..iz` one over its direction, misses a node's box or meets it only past `best`. */
function missesBox(at, ox, oy, oz, ix, iy, iz, sx, sy, sz, best) {
  const xNear = (boxes[at + sx] - ox) * ix;
  const yFar = (boxes[at + 3 - sy] - oy) * iy;
  if (xNear > yFar) return true;
  const yNear = (boxes[at + 2 + sy] - oy) * iy;
  const xFar = (boxes[at + 1 - sx] - ox) * ix;
  if (yNear > xFar) return true;
  const zNear = (boxes[at + 4 + sz] - oz) * iz;
  const zFar = (boxes[at + 5 - sz] - oz) * iz;
  return zNear > xFar || zNear > yFar || xNear > zFar || yNear > zFar || xFar < 0 || yFar < 0 || zFar < 0 || xNear >= best || yNear >= best || zNear >= best;
}

/** The distance at which a ray meets solid `i`, below `best`; FAR when it does not. */
function solidHit(i, ox, oy, oz, dx, dy, dz, best) {
  const qx = cx[i] - ox;
  const qy = cy[i] - oy;
  const qz = cz[i] - oz;
  const b = qx * dx + qy * dy + qz * dz;
  const c = qx * qx + qy * qy + qz * qz - rr[i];
  if (b < 0 && c > 0) return FAR;
  const discriminant = b * b - c;
  if (discriminant <= 0) return FAR;
  const root = Math.sqrt(discriminant);
  if (b - root >= best) return FAR;
  const from = faceStart[i] * 4;
  const to = faceStart[i + 1] * 4;
  if (from !== to) return bodyHit(from, to, ox, oy, oz, dx, dy, dz, best);
  met[1] = b - root > NEAR ? 0 : 1;
  if (b - root > NEAR) return b - root;
  return b + root > NEAR && b + root < best ? b + root : FAR;
}

/** The same for the half spaces of a body: the last one entered, or the first one left when the ray starts inside. */
function bodyHit(from, to, ox, oy, oz, dx, dy, dz, best) {
  let enter = -FAR;
  let exit = FAR;
  let enterFace = 0;
  let exitFace = 0;
  for (let f = from; f < to; f += 4) {
    const x = faces[f];
    const y = faces[f + 1];
    const z = faces[f + 2];
    const slope = x * dx + y * dy + z * dz;
    const gap = faces[f + 3] - (x * ox + y * oy + z * oz);
    if (slope < 0) {
      // Entered at gap / slope: compared before it is divided.
      if (gap < enter * slope) {
        enter = gap / slope;
        enterFace = f;
        if (enter > exit || enter >= best) return FAR;
      }
    } else if (gap < exit * slope) {
      exit = gap / slope;
      exitFace = f;
      if (enter > exit || exit <= NEAR) return FAR;
    } 
  }
  if (enter > NEAR) {
    met[0] = enterFace;
    met[1] = 0;
    return enter;
  }
  met[0] = exitFace;
  met[1] = 1;
  return exit < best ? exit : FAR;
}

/** Finds the nearest thing on a ray; fills `hit`. */
export function nearest(ox, oy, oz, dx, dy, dz) {
  let best = FAR;
  let which = NOTHING;
  let face = 0;
  let leaving = 0;
  if (dy < -1e-9 && oy > NEAR) {
    best = -oy / dy;
    which = ON_TABLE;
  }
  const ix = 1 / dx;
  const iy = 1 / dy;
  const iz = 1 / dz;
  const sx = ix < 0 ? 1 : 0;
  const sy = iy < 0 ? 1 : 0;
  const sz = iz < 0 ? 1 : 0;
  for (let node = 0; node < nodeCount; ) {
    if (missesBox(node * 6, ox, oy, oz, ix, iy, iz, sx, sy, sz, best)) {
      node = skip[node];
      continue;
    }
    const i = leaf[node];
    node++;
    if (i < 0) continue;
    const t = solidHit(i, ox, oy, oz, dx, dy, dz, best);
    if (t >= best) continue;
    best = t;
    which = i;
    face = met[0];
    leaving = met[1];
  }
  for (let l = 0; l < lightCount; l++) {
    const t = lightHit(l * LIGHT, ox, oy, oz, dx, dy, dz);
    if (t >= best) continue;
    best = t;
    which = LIGHTS - l;
  }
  hit[0] = best;
  hit[5] = which;
  hit[6] = leaving;
  if (which >= 0) fillSolid(which, face, ox + dx * best, oy + dy * best, oz + dz * best);
  else if (which === ON_TABLE) {
    hit[1] = 0;
    hit[2] = 1;
    hit[3] = 0;
    hit[4] = TABLE;
  }
}

function fillSolid(i, face, x, y, z) {
  hit[4] = material[i];
  if (faceStart[i] !== faceStart[i + 1]) {
    hit[1] = faces[face];
    hit[2] = faces[face + 1];
    hit[3] = faces[face + 2];
    return;
  }
  const s = 1 / Math.sqrt(rr[i]);
  hit[1] = (x - cx[i]) * s;
  hit[2] = (y - cy[i]) * s;
  hit[3] = (z - cz[i]) * s;
}

/** The distance to the front of a light, or FAR. */
function lightHit(at, ox, oy, oz, dx, dy, dz) {
  const slope = lightRows[at + 9] * dx + lightRows[at + 10] * dy + lightRows[at + 11] * dz;
  if (slope >= 0) return FAR;
  const px = lightRows[at] - ox;
  const py = lightRows[at + 1] - oy;
  const pz = lightRows[at + 2] - oz;
  const t = (lightRows[at + 9] * px + lightRows[at + 10] * py + lightRows[at + 11] * pz) / slope;
  if (t <= NEAR) return FAR;
  const hx = dx * t - px;
  const hy = dy * t - py;
  const hz = dz * t - pz;
  const u = hx * lightRows[at + 3] + hy * lightRows[at + 4] + hz * lightRows[at + 5];
  const v = hx * lightRows[at + 6] + hy * lightRows[at + 7] + hz * lightRows[at + 8];
  return Math.abs(u) > lightRows[at + 16] || Math.abs(v) > lightRows[at + 17] ? FAR : t;
}

/** True when a solid stands between a point and a light's point `reach` away. */
export function blocked(ox, oy, oz, dx, dy, dz, reach) {
  const ix = 1 / dx;
  const iy = 1 / dy;
  const iz = 1 / dz;
  const sx = ix < 0 ? 1 : 0;
  const sy = iy < 0 ? 1 : 0;
  const sz = iz < 0 ? 1 : 0;
  for (let node = 0; node < nodeCount; ) {
    if (missesBox(node * 6, ox, oy, oz, ix, iy, iz, sx, sy, sz, reach)) {
      node = skip[node];
      continue;
    }
    const i = leaf[node];
    node++;
    if (i >= 0 && solidHit(i, ox, oy, oz, dx, dy, dz, reach) < reach) return true;
  }
  return false;
}
