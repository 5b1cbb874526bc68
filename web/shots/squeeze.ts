// Makes a picture small: a screen of a program has few colours that matter, so each point names one of 256.
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE_BYTES = 8;
/** Length and type before what a chunk holds, its checksum after it. */
const HEAD_BYTES = 8;
const CHECKSUM_BYTES = 4;
const N_COLOURS = 256;
const INDEXED = 3;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Each point as red, green, blue and perhaps its opacity, from the upper left. */
  readonly points: Buffer;
  readonly n_channels: number;
}

/** The same picture in its most frequent colours; every other becomes the nearest of them. */
export function squeeze(png: Buffer): Buffer {
  const { width, height, points, n_channels } = read(png);
  const colours = new Uint32Array(width * height);
  const counts = new Map<number, number>();
  for (let at = 0; at < colours.length; at += 1) {
    const colour = points.readUIntBE(at * n_channels, 3);
    colours[at] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, N_COLOURS)
    .map(([colour]) => colour);
  const places = new Map(palette.map((colour, place) => [colour, place]));
  const lines = Buffer.alloc((width + 1) * height);
  for (const [at, colour] of colours.entries()) {
    const place = places.get(colour) ?? nearest(palette, colour);
    places.set(colour, place);
    lines[at + Math.floor(at / width) + 1] = place;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, INDEXED], 8);
  const table = Buffer.alloc(palette.length * 3);
  for (const [place, colour] of palette.entries()) table.writeUIntBE(colour, place * 3, 3);
  return Buffer.concat([
    png.subarray(0, SIGNATURE_BYTES),
    chunk("IHDR", header),
    chunk("PLTE", table),
    chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function nearest(palette: readonly number[], colour: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [place, other] of palette.entries()) {
    const red = (other >> 16) - (colour >> 16);
    const green = ((other >> 8) & 255) - ((colour >> 8) & 255);
    const blue = (other & 255) - (colour & 255);
    const distance = red * red + green * green + blue * blue;
    if (distance >= least) continue;
    least = distance;
    best = place;
  }
  return best;
}

function read(png: Buffer): Picture {
  const parts: Buffer[] = [];
  for (let at = SIGNATURE_BYTES; at < png.length; ) {
    const n_bytes = png.readUInt32BE(at);
    const from = at + HEAD_BYTES;
    if (png.toString("latin1", at + 4, from) === "IDAT") parts.push(png.subarray(from, from + n_bytes));
    at = from + n_bytes + CHECKSUM_BYTES;
  }
  const width = png.readUInt32BE(SIGNATURE_BYTES + HEAD_BYTES);
  const height = png.readUInt32BE(SIGNATURE_BYTES + HEAD_BYTES + 4);
  const n_channels = png[SIGNATURE_BYTES + HEAD_BYTES + 9] === 6 ? 4 : 3;
  const points = unfilter(inflateSync(Buffer.concat(parts)), width * n_channels, n_channels);
  return { width, height, points, n_channels };
}

/** Each line says how its bytes were told from those to the left and above. */
function unfilter(lines: Buffer, n_line: number, n_channels: number): Buffer {
  const n_lines = lines.length / (n_line + 1);
  const points = Buffer.alloc(n_line * n_lines);
  for (let y = 0; y < n_lines; y += 1) {
    const filter = lines[y * (n_line + 1)] ?? 0;
    for (let x = 0; x < n_line; x += 1) {
      const at = y * n_line + x;
      const left = x < n_channels ? 0 : (points[at - n_channels] ?? 0);
      const above = y === 0 ? 0 : (points[at - n_line] ?? 0);
      const corner = y === 0 || x < n_channels ? 0 : (points[at - n_line - n_channels] ?? 0);
      points[at] = (lines[at + y + 1] ?? 0) + guess(filter, left, above, corner);
    }
  }
  return points;
}

function guess(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const sum = left + above - corner;
  const [to_left, to_above, to_corner] = [left, above, corner].map((byte) => Math.abs(sum - byte)) as [
    number,
    number,
    number,
  ];
  if (to_left <= to_above && to_left <= to_corner) return left;
  return to_above <= to_corner ? above : corner;
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(HEAD_BYTES + data.length + CHECKSUM_BYTES);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, "latin1");
  data.copy(whole, HEAD_BYTES);
  const end = HEAD_BYTES + data.length;
  whole.writeUInt32BE(crc32(whole.subarray(4, end)), end);
  return whole;
}

/** The checksum of the format; the platform has it from Node 22 on. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
