// One path of light, followed backwards: through glass (refracted, coloured by what it absorbs), off metal and lacquer,
// to diffuse surfaces, which also look straight at the softboxes. Hot code: a path's state lives in one typed array,
// nothing is allocated per ray.
import { direction, random, scatter } from './chance.mjs';
import { LIGHT, LIGHTS, NOTHING, ON_TABLE, TABLE, blocked, hit, lightCount, lightRows, materialRows, nearest } from './hits.mjs';
import { backdrop } from './scene.mjs';
import { unit } from './vectors.mjs';

const KIND = { diffuse: 0, coated: 1, metal: 2, glass: 3, lamp: 4 };
const MAXIMUM_BOUNCES = 14;
/** After so many bounces a path lives on by chance, the likelier the more light it still carries. */
const CERTAIN_BOUNCES = 4;
/** Light that reached a diffuse surface by way of another surface is cut here, per channel: fewer bright specks. */
const INDIRECT_CLAMP = 7;
/** How fast the table fades into the studio wall, by squared distance from the middle. */
const TABLE_FADE = 0.026;
/** Microfacets wider than this blur what they mirror. */
const BLURS = 0.003;
const TURN = 2 * Math.PI;
const LACQUER = 1 / 1.5;

const kind = Int32Array.from(materialRows, (m) => KIND[m.kind]);
const red = Float64Array.from(materialRows, (m) => (m.colour ?? m.absorption)[0]);
const green = Float64Array.from(materialRows, (m) => (m.colour ?? m.absorption)[1]);
const blue = Float64Array.from(materialRows, (m) => (m.colour ?? m.absorption)[2]);
/** The width of a rough surface's microfacets (GGX). */
const width = Float64Array.from(materialRows, (m) => (m.roughness ?? 0) ** 2);
const index = Float64Array.from(materialRows, (m) => m.index ?? 1);

/** What `follow` is given and what it leaves. */
export const path = {
  /**
   * Well-spread numbers for what matters most: the first choice to mirror or not, the first light and point on it, the
   * first scattering.
   */
  even: new Float64Array(5),
  /** The light that came along the path: red, green, blue. */
  light: new Float64Array(3),
  /** Albedo and normal of the first surface that is seen clearly, summed over paths: for the filter in filter.mjs. */
  feature: new Float64Array(6),
};
/** Steps of the additive sequences that fill `path.even`. */
export const EVEN_STEPS = [0.6180339887498949, 0.8191725133961645, 0.6710436067037893, 0.5497004779019703, 0.4503595];
const { even, light, feature } = path;

// The path's state: where the ray is, where it goes, what share of light comes through, the normal at the hit and the
// cosine to it.
const s = new Float64Array(13);
const X = 0;
const D = 3;
const T = 6;
const N = 9;
const COSINE = 12;
// How many clear solids the ray is inside of (crystals grown into each other count as one), and of which material.
let inside = 0;
let insideOf = 0;
// A diffuse surface was met; something that blurs was met; the last surface has looked straight at the lights; the
// feature is taken.
let diffuseMet = false;
let blurred = false;
let lightsSeen = false;
let featured = false;

/** Follows one path; fills `path.light`, adds to `path.feature`. */
export function follow(ox, oy, oz, dx, dy, dz) {
  s[X] = ox;
  s[X + 1] = oy;
  s[X + 2] = oz;
  s[D] = dx;
  s[D + 1] = dy;
  s[D + 2] = dz;
  s[T] = s[T + 1] = s[T + 2] = 1;
  light[0] = light[1] = light[2] = 0;
  inside = 0;
  diffuseMet = blurred = lightsSeen = featured = false;
  for (let bounce = 0; bounce < MAXIMUM_BOUNCES; bounce++) {
    nearest(s[X], s[X + 1], s[X + 2], s[D], s[D + 1], s[D + 2]);
    const met = hit[5];
    if (met < ON_TABLE) {
      endInTheOpen(met);
      return;
    }
    arrive();
    if (!meetSurface(hit[4], hit[6] === 1, bounce === 0 ? even[0] : random())) return;
    if (bounce < CERTAIN_BOUNCES) continue;
    const keep = Math.min(0.95, Math.max(s[T], s[T + 1], s[T + 2]));
    if (random() >= keep) return;
    dim(1 / keep, 1 / keep, 1 / keep);
  }
}

function dim(r, g, b) {
  s[T] *= r;
  s[T + 1] *= g;
  s[T + 2] *= b;
}

/** Adds light of a source, as much of it as the path lets through. */
function receive(r, g, b) {
  const limit = diffuseMet ? INDIRECT_CLAMP : Infinity;
  light[0] += Math.min(limit, s[T] * r);
  light[1] += Math.min(limit, s[T + 1] * g);
  light[2] += Math.min(limit, s[T + 2] * b);
}

function takeFeature(r, g, b, x, y, z) {
  if (featured) return;
  featured = true;
  feature[0] += r;
  feature[1] += g;
  feature[2] += b;
  feature[3] += x;
  feature[4] += y;
  feature[5] += z;
}

function endInTheOpen(met) {
  if (met === NOTHING) {
    lookAtBackdrop(s[D], s[D + 1], s[D + 2]);
    receive(sky[0], sky[1], sky[2]);
  } else if (!lightsSeen) {
    const at = (LIGHTS - met) * LIGHT;
    receive(lightRows[at + 13], lightRows[at + 14], lightRows[at + 15]);
  }
  takeFeature(1, 1, 1, 0, 0, 0);
}

const sky = new Float64Array(3);
const glowToward = unit(backdrop.glow.toward);

function lookAtBackdrop(dx, dy, dz) {
  const up = Math.max(0, dy);
  const low = Math.min(1, up * 3.2);
  const high = Math.min(1, Math.max(0, (up - 0.25) / 0.75));
  const glow = Math.exp(backdrop.glow.sharpness * (dx * glowToward[0] + dy * glowToward[1] + dz * glowToward[2] - 1));
  for (let k = 0; k < 3; k++) {
    const near = backdrop.horizon[k] + (backdrop.middle[k] - backdrop.horizon[k]) * low;
    sky[k] = near + (backdrop.zenith[k] - near) * high + backdrop.glow.colour[k] * glow;
  }
}

/** Goes to the hit; turns the normal against the ray; takes off what the glass on the way absorbed. */
function arrive() {
  const t = hit[0];
  s[X] += s[D] * t;
  s[X + 1] += s[D + 1] * t;
  s[X + 2] += s[D + 2] * t;
  if (inside > 0) dim(Math.exp(-red[insideOf] * t), Math.exp(-green[insideOf] * t), Math.exp(-blue[insideOf] * t));
  const cosine = -(hit[1] * s[D] + hit[2] * s[D + 1] + hit[3] * s[D + 2]);
  const sign = cosine < 0 ? -1 : 1;
  s[N] = sign * hit[1];
  s[N + 1] = sign * hit[2];
  s[N + 2] = sign * hit[3];
  s[COSINE] = sign * cosine;
}

/** What a surface does to the path; false when the path ends there. */
function meetSurface(m, leaving, choice) {
  switch (kind[m]) {
    case KIND.glass:
      meetGlass(m, leaving, choice);
      return true;
    case KIND.lamp:
      // Lamps are there to be seen; what they would cast on diffuse or rough surfaces is left out, it would only be
      // noise.
      if (!blurred) receive(red[m], green[m], blue[m]);
      return false;
    case KIND.metal: {
      const edge = (1 - s[COSINE]) ** 5;
      dim(red[m] + (1 - red[m]) * edge, green[m] + (1 - green[m]) * edge, blue[m] + (1 - blue[m]) * edge);
      takeFeature(red[m], green[m], blue[m], s[N], s[N + 1], s[N + 2]);
      mirror(width[m]);
      return true;
    }
    case KIND.coated:
      if (choice < fresnel(s[COSINE], LACQUER)) {
        mirror(width[m]);
        return true;
      }
      break;
    default:
  }
  return m !== TABLE || fadeTable() ? meetDiffuse(m) : false;
}

/**
 * What share of light a clear surface mirrors. `ratio` = index before / index behind; `cosine` before it. 1 when
 * nothing gets through.
 */
function fresnel(cosine, ratio) {
  const sineSquared = ratio * ratio * (1 - cosine * cosine);
  if (sineSquared >= 1) return 1;
  const behind = Math.sqrt(1 - sineSquared);
  const s = (ratio * cosine - behind) / (ratio * cosine + behind);
  const p = (ratio * behind - cosine) / (ratio * behind + cosine);
  return (s * s + p * p) / 2;
}

function meetGlass(m, leaving, choice) {
  if (leaving ? inside > 1 : inside > 0) {
    // A surface inside the glass: two crystals grown into each other.
    inside += leaving ? -1 : 1;
    return;
  }
  const ratio = leaving ? index[m] : 1 / index[m];
  const cosine = s[COSINE];
  takeFeature(1, 1, 1, s[N], s[N + 1], s[N + 2]);
  lightsSeen = false;
  if (choice < fresnel(cosine, ratio)) {
    for (let k = 0; k < 3; k++) s[D + k] += 2 * cosine * s[N + k];
    return;
  }
  const behind = Math.sqrt(Math.max(0, 1 - ratio * ratio * (1 - cosine * cosine)));
  for (let k = 0; k < 3; k++) s[D + k] = ratio * s[D + k] + (ratio * cosine - behind) * s[N + k];
  const length = Math.sqrt(s[D] * s[D] + s[D + 1] * s[D + 1] + s[D + 2] * s[D + 2]);
  for (let k = 0; k < 3; k++) s[D + k] /= length;
  inside = leaving ? 0 : 1;
  insideOf = m;
}

/** Mirrors the ray about the normal, or about one of the microfacets (GGX) of a rough surface. */
function mirror(rough) {
  lightsSeen = false;
  if (rough > BLURS) blurred = true;
  if (rough === 0) {
    for (let k = 0; k < 3; k++) s[D + k] += 2 * s[COSINE] * s[N + k];
    return;
  }
  const u = random();
  scatter(s[N], s[N + 1], s[N + 2], Math.sqrt((1 - u) / (1 + (rough * rough - 1) * u)), TURN * random());
  const toward = s[D] * direction[0] + s[D + 1] * direction[1] + s[D + 2] * direction[2];
  for (let k = 0; k < 3; k++) s[D + k] -= 2 * toward * direction[k];
  const above = s[D] * s[N] + s[D + 1] * s[N + 1] + s[D + 2] * s[N + 2];
  // A facet that would send light into the surface: as if it were folded up.
  if (above <= 0) for (let k = 0; k < 3; k++) s[D + k] -= 2 * above * s[N + k];
}

/** Far away the table becomes the studio wall; false when nothing of it is left. */
function fadeTable() {
  const fade = Math.exp(-TABLE_FADE * (s[X] * s[X] + s[X + 2] * s[X + 2]));
  lookAtBackdrop(s[D], 0, s[D + 2]);
  for (let k = 0; k < 3; k++) light[k] += s[T + k] * (1 - fade) * sky[k];
  dim(fade, fade, fade);
  return fade >= 0.02;
}

function meetDiffuse(m) {
  takeFeature(red[m], green[m], blue[m], s[N], s[N + 1], s[N + 2]);
  dim(red[m], green[m], blue[m]);
  const first = !diffuseMet;
  lookAtLight(first ? even[1] : random(), first ? even[2] : random());
  const cosine = Math.sqrt(1 - (first ? even[3] : random()));
  scatter(s[N], s[N + 1], s[N + 2], cosine, TURN * (first ? even[4] : random()));
  s[D] = direction[0];
  s[D + 1] = direction[1];
  s[D + 2] = direction[2];
  diffuseMet = blurred = lightsSeen = true;
  return true;
}

/** What one point of one light, chosen by two numbers, sends straight to a diffuse surface. */
function lookAtLight(first, second) {
  const scaled = first * lightCount;
  const chosen = Math.min(lightCount - 1, Math.floor(scaled));
  const at = chosen * LIGHT;
  const u = 2 * (scaled - chosen) - 1;
  const v = 2 * second - 1;
  let x = lightRows[at] + u * lightRows[at + 3] + v * lightRows[at + 6] - s[X];
  let y = lightRows[at + 1] + u * lightRows[at + 4] + v * lightRows[at + 7] - s[X + 1];
  let z = lightRows[at + 2] + u * lightRows[at + 5] + v * lightRows[at + 8] - s[X + 2];
  const squared = x * x + y * y + z * z;
  const far = Math.sqrt(squared);
  x /= far;
  y /= far;
  z /= far;
  const here = x * s[N] + y * s[N + 1] + z * s[N + 2];
  const there = -(x * lightRows[at + 9] + y * lightRows[at + 10] + z * lightRows[at + 11]);
  if (here <= 0 || there <= 0 || blocked(s[X], s[X + 1], s[X + 2], x, y, z, far - 1e-3)) return;
  const weight = (here * there * lightRows[at + 12] * lightCount) / (squared * Math.PI);
  receive(weight * lightRows[at + 13], weight * lightRows[at + 14], weight * lightRows[at + 15]);
}
