// Boxes around solids, and a tree of boxes, so that a ray looks at few of them.
import { cross, dot } from './vectors.mjs';

/** The box of a solid: [x from, x to, y from, y to, z from, z to]. */
export function boxOf(solid) {
  const { centre, radius } = solid;
  if (solid.faces === undefined) return centre.flatMap((x) => [x - radius, x + radius]);
  const corners = cornersOf(solid.faces);
  return [0, 1, 2].flatMap((k) => {
    const values = corners.map((corner) => corner[k]);
    return [Math.min(...values) - 1e-6, Math.max(...values) + 1e-6];
  });
}

/** The corners of a body given by half spaces [nx, ny, nz, d]: where three planes meet inside all others. */
function cornersOf(faces) {
  const corners = [];
  for (let a = 0; a < faces.length; a++) {
    for (let b = a + 1; b < faces.length; b++) {
      for (let c = b + 1; c < faces.length; c++) {
        const point = meeting(faces[a], faces[b], faces[c]);
        if (point !== undefined && faces.every(([x, y, z, d]) => x * point[0] + y * point[1] + z * point[2] <= d + 1e-9)) corners.push(point);
      }
    }
  }
  return corners;
}

/** Cramer's rule; undefined when the planes are (nearly) parallel. */
function meeting(p, q, r) {
  const qr = cross(q, r);
  const determinant = dot(p, qr);
  if (Math.abs(determinant) < 1e-9) return undefined;
  const rp = cross(r, p);
  const pq = cross(p, q);
  return [0, 1, 2].map((k) => (p[3] * qr[k] + q[3] * rp[k] + r[3] * pq[k]) / determinant);
}

/**
 * A tree over boxes, laid out depth first: node n's first child is n + 1; `skip[n]` is where to go on when n is missed.
 * `leaf[n]` is the place of the node's solid in `order`, or -1.
 */
export function boxTree(list) {
  const boxes = [];
  const skip = [];
  const leaf = [];
  const order = [];
  const build = (members) => {
    const node = skip.length;
    skip.push(0);
    leaf.push(-1);
    boxes.push(...union(members.map((i) => list[i])));
    if (members.length === 1) leaf[node] = order.push(members[0]) - 1;
    else split(members, list).forEach(build);
    skip[node] = skip.length;
  };
  build(list.map((_, i) => i));
  return { boxes: Float64Array.from(boxes), skip: Int32Array.from(skip), leaf: Int32Array.from(leaf), order };
}

function union(members) {
  return [0, 1, 2, 3, 4, 5].map((k) => Math[k % 2 === 0 ? 'min' : 'max'](...members.map((box) => box[k])));
}

/** The cut in two, along any axis, whose halves have the least surface times members. */
function split(members, list) {
  let best = { cost: Infinity, halves: [] };
  for (const axis of [0, 2, 4]) {
    const inOrder = members.toSorted((a, b) => list[a][axis] + list[a][axis + 1] - list[b][axis] - list[b][axis + 1] || a - b);
    for (let cut = 1; cut < inOrder.length; cut++) {
      const halves = [inOrder.slice(0, cut), inOrder.slice(cut)];
      const cost = halves.reduce((sum, half) => sum + half.length * surface(union(half.map((i) => list[i]))), 0);
      if (cost < best.cost) best = { cost, halves };
    }
  }
  return best.halves;
}

function surface([x0, x1, y0, y1, z0, z1]) {
  return (x1 - x0) * (y1 - y0) + (y1 - y0) * (z1 - z0) + (z1 - z0) * (x1 - x0);
}
