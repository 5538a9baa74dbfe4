import type { ImageDetail } from "../../api/types.ts";

type Address = (level: number, column: number, row: number) => string;

/** What OpenSeadragon asks of a pyramid, told by the server's list of levels (largest last). */
export function tileSource(detail: ImageDetail, address: Address) {
  const { levels, tile_size: size, width, height } = detail;
  const at = (level: number): { width: number; height: number } => levels[level] ?? { width, height };
  return {
    width,
    height,
    tileSize: size,
    minLevel: 0,
    maxLevel: levels.length - 1,
    getTileUrl: address,
    // The server rounds sizes as it halves; asking it avoids a seam at the far edges.
    getLevelScale: (level: number): number => at(level).width / width,
    getNumTiles: (level: number): { x: number; y: number } => ({
      x: Math.ceil(at(level).width / size),
      y: Math.ceil(at(level).height / size),
    }),
  };
}
