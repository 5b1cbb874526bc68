// Makes a picture smaller without changing a point of it: browsers write pictures fast, not small.
import { constants, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE_BYTES = 8;
/** Length and type before what a chunk holds, its checksum after it. */
const HEAD_BYTES = 8;
const CHECKSUM_BYTES = 4;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** The same picture, packed as tightly as the format allows. */
export function squeeze(png: Buffer): Buffer {
  const chunks = read(png);
  const lines = inflateSync(Buffer.concat(chunks.filter(isPixels).map(({ data }) => data)));
  const packed = [constants.Z_DEFAULT_STRATEGY, constants.Z_FILTERED]
    .map((strategy) => deflateSync(lines, { level: 9, memLevel: 9, strategy }))
    .reduce((best, next) => (next.length < best.length ? next : best));
  const first = chunks.findIndex(isPixels);
  const others = chunks.filter((chunk) => !isPixels(chunk));
  const all = [...others.slice(0, first), { type: "IDAT", data: packed }, ...others.slice(first)];
  return Buffer.concat([png.subarray(0, SIGNATURE_BYTES), ...all.map(write)]);
}

const isPixels = ({ type }: Chunk) => type === "IDAT";

function read(png: Buffer): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE_BYTES; at < png.length; ) {
    const n_bytes = png.readUInt32BE(at);
    const from = at + HEAD_BYTES;
    chunks.push({ type: png.toString("latin1", at + 4, from), data: png.subarray(from, from + n_bytes) });
    at = from + n_bytes + CHECKSUM_BYTES;
  }
  return chunks;
}

function write({ type, data }: Chunk): Buffer {
  const chunk = Buffer.alloc(HEAD_BYTES + data.length + CHECKSUM_BYTES);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, "latin1");
  data.copy(chunk, HEAD_BYTES);
  const end = HEAD_BYTES + data.length;
  chunk.writeUInt32BE(crc32(chunk.subarray(4, end)), end);
  return chunk;
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
